/** Pages that several views share: one for each app of a document, however many outputs show it. */
import type { Packet } from '../protocol/codec';
import { Page } from '../store/page';
import type { KernelLine } from '../transport/control';

/**
 * Milliseconds that a page which nothing shows is kept: a cell that is moved, or cut and pasted, comes back
 * as another view, and so does one whose deletion is undone.
 */
export const GRACE = 30_000;

/** What a view starts a page with, if it is the first. */
export interface First {
  readonly packet: Packet | null;
  /** The packet comes from a notebook, and not from the kernel just now. */
  readonly isOld: boolean;
  readonly control: boolean;
  readonly version: string;
}

/** A page in use. */
export interface Held {
  readonly page: Page;
  /**
   * The view is gone. A second call does nothing.
   *
   * @param onGone - Called when no other view has come within {@link GRACE}, before the page is closed.
   */
  release(onGone?: (page: Page) => void): void;
}

interface Entry {
  readonly page: Page;
  views: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const tables = new WeakMap<KernelLine, Map<string, Entry>>();

/** The page of an app, for one more view of it. */
export function holdPage(line: KernelLine, commId: string, first: First): Held {
  const table = tables.get(line) ?? new Map<string, Entry>();
  tables.set(line, table);
  const entry = table.get(commId) ?? made(line, commId, first);
  table.set(commId, entry);
  entry.views += 1;
  clearTimeout(entry.timer);
  let isHeld = true;
  return {
    page: entry.page,
    release(onGone) {
      if (!isHeld) {
        return;
      }
      isHeld = false;
      entry.views -= 1;
      if (entry.views > 0) {
        return;
      }
      entry.timer = setTimeout(() => {
        table.delete(commId);
        onGone?.(entry.page);
        entry.page.close();
      }, GRACE);
    }
  };
}

function made(line: KernelLine, commId: string, first: First): Entry {
  const page = new Page(line.open(commId, first.control), { version: first.version });
  page.start(first.packet, first.isOld);
  return { page, views: 0, timer: undefined };
}
