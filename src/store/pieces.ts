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
    for (let from = 0; from < data.length; from += SMALLEST) {
      if (!this.has(offset + from)) {
        this.addSmallest(offset + from, data.subarray(from, from + SMALLEST));
      }
    }
  }

  /** All bytes in their order, once {@link bytes} says that they are there. */
  whole(): Blob[] {
    return inOrder(this.batches);
  }

  private addSmallest(offset: number, data: Uint8Array<ArrayBuffer>): void {
    this.offsets.add(offset);
    this.bytes += data.length;
    const start = offset - (offset % BATCH);
    const loose = this.loose.get(start) ?? new Map<number, Uint8Array<ArrayBuffer>>();
    this.loose.set(start, loose.set(offset, data));
    if (loose.size === Math.ceil(Math.min(BATCH, this.size - start) / SMALLEST)) {
      this.loose.delete(start);
      this.batches.set(start, new Blob(inOrder(loose)));
    }
  }

  private readonly offsets = new Set<number>();
  private readonly loose = new Map<number, Map<number, Uint8Array<ArrayBuffer>>>();
  private readonly batches = new Map<number, Blob>();
}

function inOrder<T>(parts: ReadonlyMap<number, T>): T[] {
  return [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
}
