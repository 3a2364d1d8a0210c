/** Puts the pieces of a large value together. */
import { CHUNK, SMALLEST } from './lead';

/** Bytes that become one blob: to make one costs the page a millisecond, however few they are. */
const BATCH = 4 * CHUNK;

/**
 * Pieces of any size in any order, of as many smallest pieces each. As blobs, once a few are together: the browser
 * need not keep those in the page's memory.
 */
export class Pieces {
  /** How many bytes have come. */
  bytes = 0;

  constructor(private readonly size: number) {}

  /** Whether so many bytes have come, in one piece or several; from where a smallest piece begins. */
  has(offset: number, bytes = 1): boolean {
    for (let at = offset; at < offset + bytes; at += SMALLEST) {
      if (!this.offsets.has(at)) {
        return false;
      }
    }
    return true;
  }

  /** Take of a piece what is new: one that was asked for again may come as well, and had another size. */
  add(offset: number, data: Uint8Array<ArrayBuffer>): void {
    for (let from = 0, to; from < data.length; from = to) {
      const isThere = this.has(offset + from);
      to = from + SMALLEST;
      // In one part as far as it goes: a blob costs by its parts.
      while (to < data.length && this.has(offset + to) === isThere && (offset + to) % BATCH !== 0) {
        to += SMALLEST;
      }
      if (!isThere) {
        this.addPart(offset + from, data.subarray(from, to));
      }
    }
  }

  /** All bytes in their order, once {@link bytes} says that they are there. */
  whole(): Blob[] {
    return inOrder(this.batches);
  }

  private addPart(offset: number, data: Uint8Array<ArrayBuffer>): void {
    for (let at = 0; at < data.length; at += SMALLEST) {
      this.offsets.add(offset + at);
    }
    this.bytes += data.length;
    const start = offset - (offset % BATCH);
    const loose = this.loose.get(start) ?? { bytes: 0, parts: new Map() };
    this.loose.set(start, loose);
    loose.parts.set(offset, data);
    loose.bytes += data.length;
    if (loose.bytes === Math.min(BATCH, this.size - start)) {
      this.loose.delete(start);
      this.batches.set(start, new Blob(inOrder(loose.parts)));
    }
  }

  private readonly offsets = new Set<number>();
  private readonly loose = new Map<number, Loose>();
  private readonly batches = new Map<number, Blob>();
}

/** Parts of a batch, which do not yet make it whole. */
interface Loose {
  bytes: number;
  readonly parts: Map<number, Uint8Array<ArrayBuffer>>;
}

function inOrder<T>(parts: ReadonlyMap<number, T>): T[] {
  return [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
}
