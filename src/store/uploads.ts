/** Files on their way to the kernel: in pieces, a few ahead of its answers, all files on one line. */
import {
  Binary,
  UploadReference,
  type NodeId,
  type Piece,
  type Received,
  type UploadId
} from '../protocol/wire';
import { crc32 } from './crc32';
import { Lead } from './lead';
import { Nudge } from './nudge';
import type { Outbox } from './outbox';
import type { Later } from './runouts';

/** Milliseconds without an answer after which pieces are sent again; doubled each time, up to the most. */
export const STALL_MS = 5000;
export const STALL_MOST_MS = 80_000;

/** A piece without its number, which is 0. */
export type PieceMessage = Omit<Piece, 'seq'>;

/** What the uploads need of the page. */
export interface UploadsOptions {
  /** Sends a message beside the count. */
  readonly send: (message: PieceMessage) => void;
  /** Whether what is sent travels. */
  readonly isOpen: () => boolean;
  readonly later: Later;
  /** The page's clock, in milliseconds. */
  readonly now: () => number;
}

/** A file, as an input element or the clipboard gives it. */
export type Source = Blob & { readonly name?: string };

interface Transfer {
  readonly upload: UploadId;
  readonly file: Source;
  readonly onProgress: (share: number) => void;
  readonly resolve: (reference: UploadReference) => void;
  readonly reject: (error: unknown) => void;
  /** Bytes handed over, and bytes that the kernel has. */
  sent: number;
  received: number;
  /** Pieces on their way, by where they end; each is to be told of its answer. */
  readonly onWay: Map<number, () => void>;
  /**
   * Due whatever has been sent: a `piece`, the first on this line; or a `word`, an empty piece behind all others
   * to ask for an answer, after a silence. null: nothing.
   */
  due: 'piece' | 'word' | null;
  /** Stop listening to who may take it back: a signal may outlive many files. */
  readonly unlisten: () => void;
}

/** Sends files. */
export class Uploads {
  constructor(
    private readonly outbox: Outbox,
    private readonly options: UploadsOptions
  ) {
    this.lead = new Lead(options.now);
    this.nudge = new Nudge(options.later, () => this.ask(), STALL_MS, STALL_MOST_MS);
  }

  /**
   * Send a file. From now on the kernel lets functions wait that the node is an input of.
   *
   * @param onProgress - Called with the share that the kernel has, 0 to 1; at 1, it looks at the file.
   * @param signal - Takes the file back.
   * @returns What stands for the file in a value.
   * @throws Error with the kernel's words when it does not take the file; the signal's reason.
   */
  send(
    node: NodeId,
    file: Source,
    onProgress: (share: number) => void = () => undefined,
    signal?: AbortSignal
  ): Promise<UploadReference> {
    const upload = ++this.last as UploadId;
    const { name = 'file', type: mimeType, size } = file;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const takeBack = (): void => this.abandon(transfer, signal?.reason);
      const transfer: Transfer = {
        upload,
        file,
        onProgress,
        resolve,
        reject,
        sent: 0,
        received: 0,
        onWay: new Map(),
        due: 'piece',
        unlisten: () => signal?.removeEventListener('abort', takeBack)
      };
      this.transfers.set(upload, transfer);
      // At once, and not with the first piece, which must be read: a click may come before it.
      this.outbox.push({ type: 'upload', upload, node, name, mimeType, size });
      signal?.addEventListener('abort', takeBack);
      this.pump();
    });
  }

  /** The kernel says how far a file has come. */
  take({ upload, received, state, message }: Omit<Received, 'seq'>): void {
    const transfer = this.transfers.get(upload);
    if (transfer === undefined) {
      return;
    }
    this.nudge.rest();
    if (state === 'refused') {
      this.end(transfer);
      transfer.reject(new Error(message ?? 'The kernel did not take the file.'));
    } else if (state === 'whole') {
      this.end(transfer);
      transfer.resolve(new UploadReference(upload));
    } else {
      this.move(transfer, received);
      if (state === 'again') {
        rewind(transfer);
      }
    }
    this.pump();
  }

  /** The connection is back: go on where the kernel is. */
  resume(): void {
    this.lead.lost();
    for (const transfer of this.transfers.values()) {
      rewind(transfer);
      transfer.due = 'piece';
    }
    this.pump();
  }

  /**
   * Nothing was heard for long. What is only slow must not be sent again, or a narrow line would never catch up:
   * to an empty piece behind all others the kernel says what is missing.
   */
  private ask(): void {
    this.transfers.forEach(transfer => (transfer.due ??= 'word'));
    this.pump();
  }

  /** The page goes: take back all that is on its way. */
  leave(): void {
    for (const transfer of [...this.transfers.values()]) {
      this.fail(transfer, new Error('The page was left; choose the file again.'));
    }
    this.outbox.catchUp(); // there may be no end of this tick
  }

  /** The session is gone. */
  clear(): void {
    for (const transfer of [...this.transfers.values()]) {
      this.end(transfer);
      transfer.reject(new Error('The app has no kernel any more.'));
    }
  }

  /** How many files are on their way. */
  get size(): number {
    return this.transfers.size;
  }

  /** The files on their way. */
  get ids(): readonly UploadId[] {
    return [...this.transfers.keys()];
  }

  private move(transfer: Transfer, received: number): void {
    if (received > transfer.received) {
      transfer.received = received;
      transfer.sent = Math.max(transfer.sent, received);
      for (const [end, answered] of transfer.onWay) {
        if (end <= received) {
          transfer.onWay.delete(end);
          answered();
        }
      }
      transfer.onProgress(received / transfer.file.size);
    }
  }

  private abandon(transfer: Transfer, why: unknown): void {
    if (this.transfers.has(transfer.upload)) {
      this.fail(transfer, why);
      this.pump();
    }
  }

  /** End a file that the kernel has begun to take. */
  private fail(transfer: Transfer, why: unknown): void {
    this.end(transfer);
    this.outbox.push({ type: 'abandon', upload: transfer.upload });
    transfer.reject(why);
  }

  private end(transfer: Transfer): void {
    this.transfers.delete(transfer.upload);
    transfer.unlisten();
    if (this.transfers.size === 0) {
      this.nudge.rest();
    }
  }

  /** Read and send pieces, one after the other, as long as there is room. */
  private pump(): void {
    this.watch();
    if (!this.pumping) {
      this.pumping = true;
      void this.run();
    }
  }

  private async run(): Promise<void> {
    try {
      for (let next = this.next(); next !== null; next = this.next()) {
        await this.sendPiece(next);
        this.watch();
      }
    } finally {
      // Here and not behind the promise: who pumps in between would be missed.
      this.pumping = false;
    }
  }

  /** The file whose turn it is; null when there is no room, or none has more. */
  private next(): Transfer | null {
    const all = [...this.transfers.values()];
    const ahead = all.reduce((sum, { sent, received }) => sum + sent - received, 0);
    const room = ahead < this.lead.pieces * this.lead.size;
    if (!this.options.isOpen()) {
      return null;
    }
    const waiting = all.filter(({ due, sent, file }) => due !== null || (room && sent < file.size));
    const next = waiting.find(({ upload }) => upload > this.turn) ?? waiting[0] ?? null;
    this.turn = next?.upload ?? this.turn;
    return next;
  }

  private async sendPiece(transfer: Transfer): Promise<void> {
    const { upload, file } = transfer;
    const offset = transfer.sent;
    const most = transfer.due === 'word' ? 0 : this.lead.size;
    const end = Math.min(offset + most, file.size);
    transfer.sent = end;
    transfer.due = null;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(await file.slice(offset, end).arrayBuffer());
    } catch {
      this.unreadable(transfer);
      return;
    }
    if (!this.transfers.has(upload)) {
      return;
    }
    if (bytes.length !== end - offset) {
      this.unreadable(transfer);
      return;
    }
    const chunk = new Binary(bytes, 'application/octet-stream');
    if (end > offset) {
      transfer.onWay.set(end, this.lead.sent(end - offset));
    }
    this.options.send({ type: 'piece', upload, offset, crc: crc32(bytes), chunk });
  }

  private unreadable(transfer: Transfer): void {
    if (this.transfers.has(transfer.upload)) {
      const name = transfer.file.name ?? 'The file';
      // A folder that was dropped looks like a file until it is read.
      const why = 'is a folder, or was changed or removed since it was chosen';
      const what = `${name} cannot be read: it ${why}. Choose a file again.`;
      this.fail(transfer, new Error(what));
    }
  }

  /** Pieces and answers travel beside the count, so that one is lost shows in a silence only. */
  private watch(): void {
    if (this.transfers.size > 0) {
      this.nudge.arm(this.lead.patience);
    }
  }

  private readonly lead: Lead;
  private readonly nudge: Nudge;
  private last = 0;
  private readonly transfers = new Map<UploadId, Transfer>();
  /** The file that had a piece last. */
  private turn = 0;
  private pumping = false;
}

/** What is on its way is lost, or counts no more. */
function rewind(transfer: Transfer): void {
  transfer.sent = transfer.received;
  transfer.onWay.clear();
}
