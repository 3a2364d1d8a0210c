/** Smaller versions of pictures that a notebook has no room for. */
import { Binary, BlobReference, type Json } from '../protocol/wire';
import type { Store } from './store';

/** Bytes of a picture that is kept as it is. */
export const MOST_BYTES = 250_000;

/** Pixels of the longer side, tried one after the other until the picture is small enough. */
const SIDES = [1024, 512, 256];

/** Makes a picture smaller; null when it cannot be drawn. */
export type Shrink = (picture: Blob) => Promise<Binary | null>;

/** Keeps the smaller versions as long as there are the pictures. */
export class SmallPictures {
  /**
   * @param bytesOf - What has been fetched of bytes that the kernel holds; null while that is not all.
   */
  constructor(
    private readonly bytesOf: (reference: BlobReference) => Blob | null,
    private readonly shrink: Shrink = shrinkPicture
  ) {}

  /** The smaller version of a value that is a picture; null while there is none. */
  of(value: Json): Binary | null {
    return isPicture(value) ? (this.known.get(value) ?? null) : null;
  }

  /** Make those that are missing; null when there is nothing to do. */
  prepare(store: Store): Promise<unknown> | null {
    const missing = [...store.all()]
      .map(node => (node.props as { readonly value?: Json }).value ?? null)
      .filter(isPicture)
      .filter(value => sizeOf(value) > MOST_BYTES && !this.known.has(value))
      .map(value => this.make(value))
      .filter(each => each !== null);
    return missing.length === 0 ? null : Promise.all(missing);
  }

  private make(value: Picture): Promise<void> | null {
    const blob =
      value instanceof Binary
        ? new Blob([value.data], { type: value.mimeType })
        : this.bytesOf(value);
    if (blob === null) {
      return null;
    }
    this.known.set(value, null); // once
    return this.shrink(blob).then(
      small => void this.known.set(value, small),
      () => undefined // what is no picture is said in words, as before
    );
  }

  private readonly known = new WeakMap<Picture, Binary | null>();
}

type Picture = Binary | BlobReference;

function isPicture(value: Json): value is Picture {
  const isFile = value instanceof Binary || value instanceof BlobReference;
  return isFile && value.mimeType.startsWith('image/');
}

const sizeOf = (value: Picture): number =>
  value instanceof Binary ? value.data.byteLength : value.size;

/** Draw it anew in fewer pixels. */
async function shrinkPicture(picture: Blob): Promise<Binary | null> {
  const bitmap = await createImageBitmap(picture);
  try {
    for (const side of SIDES) {
      const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
      const canvas = document.createElement('canvas');
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      // Where a browser cannot write this type it writes PNG, which is as good.
      const small = await new Promise<Blob | null>(done => canvas.toBlob(done, 'image/webp', 0.8));
      if (small !== null && small.size <= MOST_BYTES) {
        return new Binary(new Uint8Array(await small.arrayBuffer()), small.type);
      }
    }
    return null;
  } finally {
    bitmap.close();
  }
}
