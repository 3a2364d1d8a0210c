/** Values that the browser keeps for variables of the kernel. */
import { pack, unpack } from '../protocol/codec';
import type { AskStored, Json, Store, Stored as StoredMessage } from '../protocol/wire';

/** Begins the names of all that is kept: the storage belongs to everything of the server. */
export const PREFIX = 'ipyblocks:';

/** Characters of a value, as JSON, that are kept; the kernel's rule is in `variables/stores.py`. */
const MOST = 100_000;

/** What is needed of `localStorage`. */
export type Shelf = Pick<globalThis.Storage, 'getItem' | 'setItem'>;

/** Keeps and gives values. Never throws: without them the app goes on. */
export class Stored {
  /** @param shelf - Gives the storage; throws, or gives none, where the browser has none for this page. */
  constructor(private readonly shelf: () => Shelf | null = ownShelf) {}

  /** The answer to a question of the kernel. */
  answer({ keys }: Pick<AskStored, 'keys'>): Omit<StoredMessage, 'seq'> {
    const found = keys.flatMap(key => this.read(key));
    return { type: 'stored', values: Object.fromEntries(found) };
  }

  /** Keep a value. */
  keep({ key, value }: Pick<Store, 'key' | 'value'>): void {
    const buffers: ArrayBufferView[] = [];
    try {
      const text = JSON.stringify(pack(value, buffers));
      if (buffers.length > 0 || text.length > MOST) {
        throw new Error(`the value is too large, or has files in it`);
      }
      this.open().setItem(PREFIX + key, text);
    } catch (error) {
      this.warn(key, error);
    }
  }

  private read(key: string): [string, Json][] {
    try {
      const text = this.open().getItem(PREFIX + key);
      return text === null ? [] : [[key, unpack(JSON.parse(text), [])]];
    } catch (error) {
      this.warn(key, error);
      return [];
    }
  }

  private open(): Shelf {
    const shelf = this.shelf();
    if (shelf === null) {
      throw new Error('there is no localStorage');
    }
    return shelf;
  }

  private warn(key: string, error: unknown): void {
    if (!this.warned) {
      this.warned = true;
      const why = error instanceof Error ? error.message : String(error);
      console.warn(`ipyblocks: the browser does not keep values such as '${key}': ${why}`);
    }
  }

  private warned = false;
}

/** Asked for each time: a browser that forbids it throws. */
function ownShelf(): Shelf | null {
  return (globalThis as { localStorage?: Shelf }).localStorage ?? null;
}
