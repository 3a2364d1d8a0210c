/** Puts the pieces of a large value together. */
import { CHUNK } from './uploads';

/** Bytes that become one blob: to make one costs the page a millisecond, however few they are. */
const BATCH = 4 * CHUNK;

/** Pieces in any order. As blobs, once a few are together: the browser need not keep those in the page's memory. */
export class Pieces {
  /** How many bytes have come. */
  bytes = 0;

  constructor(private readonly size: number) {}

  has(offset: number): boolean {
    return this.offsets.has(offset);
  }

  /** Take a piece that {@link has} does not know. */
  add(offset: number, data: Uint8Array<ArrayBuffer>): void {
    this.offsets.add(offset);
    this.bytes += data.length;
    const start = offset - (offset % BATCH);
    const loose = this.loose.get(start) ?? new Map<number, Uint8Array<ArrayBuffer>>();
    this.loose.set(start, loose.set(offset, data));
    if (loose.size === Math.ceil(Math.min(BATCH, this.size - start) / CHUNK)) {
      this.loose.delete(start);
      this.batches.set(start, new Blob(inOrder(loose)));
    }
  }

  /** All bytes in their order, once {@link bytes} says that they are there. */
  whole(): Blob[] {
    return inOrder(this.batches);
  }

  private readonly offsets = new Set<number>();
  private readonly loose = new Map<number, Map<number, Uint8Array<ArrayBuffer>>>();
  private readonly batches = new Map<number, Blob>();
}

function inOrder<T>(parts: ReadonlyMap<number, T>): T[] {
  return [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
}
