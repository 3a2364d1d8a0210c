/** Files on their way to the kernel, in pieces, as fast as it takes them. */
import { Binary, UploadReference, type NodeId, type UploadId } from '../protocol/wire';
import type { Outbox } from './outbox';

/** Bytes of one piece; the kernel's server closes the connection at 10 MiB. */
export const CHUNK = 1 << 20;

/** Pieces that may be on their way, so that a click finds the line free. */
const WINDOW = 4;

interface Transfer {
  readonly seqs: Set<number>;
  refused: string | null;
}

/** Sends files. */
export class Uploads {
  constructor(private readonly outbox: Outbox) {}

  /**
   * Send a file.
   *
   * @param onProgress - Called with the share sent, 0 to 1, after every piece.
   * @returns What stands for the file in a value.
   * @throws Error with the kernel's words when it does not take the file.
   */
  async send(
    node: NodeId,
    file: Blob & { readonly name?: string },
    onProgress: (share: number) => void = () => undefined
  ): Promise<UploadReference> {
    const upload = ++this.next as UploadId;
    const transfer: Transfer = { seqs: new Set(), refused: null };
    this.transfers.add(transfer);
    try {
      let offset = 0;
      // An empty file is one empty piece.
      do {
        const piece = new Uint8Array(await file.slice(offset, offset + CHUNK).arrayBuffer());
        await this.outbox.room(WINDOW);
        this.throwIfRefused(transfer);
        const seq = this.outbox.push({
          type: 'upload',
          upload,
          node,
          name: file.name ?? 'file',
          mimeType: file.type,
          size: file.size,
          offset,
          chunk: new Binary(piece, 'application/octet-stream')
        });
        transfer.seqs.add(seq);
        offset += piece.byteLength;
        onProgress(file.size === 0 ? 1 : offset / file.size);
      } while (offset < file.size);
      await this.outbox.room(1);
      this.throwIfRefused(transfer);
      return new UploadReference(upload);
    } finally {
      // Pieces behind a refused one are refused as well, and are nobody else's.
      const forget = (): unknown => this.transfers.delete(transfer);
      this.outbox.room(1).then(forget, forget);
    }
  }

  /** The kernel did not take a message. Returns whether it was a piece of a file. */
  refuse(seq: number, why: string): boolean {
    for (const transfer of this.transfers) {
      if (transfer.seqs.has(seq)) {
        transfer.refused = why;
        return true;
      }
    }
    return false;
  }

  private throwIfRefused(transfer: Transfer): void {
    if (transfer.refused !== null) {
      throw new Error(transfer.refused);
    }
  }

  private next = 0;
  private readonly transfers = new Set<Transfer>();
}
