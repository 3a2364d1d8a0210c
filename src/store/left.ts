/**
 * Files that pages of this browser tab took back as they were left. A browser drops what a socket has yet to send
 * when its page goes, so the next page of the tab says it again.
 *
 * It is kept only by a page that has given up its files for good. So it stays true whoever says it, how often and
 * when: in a tab that was duplicated, which has a copy, and after the browser has brought the old page back.
 */
import type { PageId, UploadId } from '../protocol/wire';
import type { Shelf } from './stored';

const KEY = 'ipyblocks:left';

/** Files to remember: those of pages that nobody opens again are never asked for. */
const MOST = 100;

/** A file that was taken back. */
export interface LeftFile {
  /** The session that it was for. */
  readonly epoch: string;
  readonly page: PageId;
  readonly upload: UploadId;
}

/** Remembers them. Never throws: without it the kernel learns it later by itself. */
export class Left {
  /** @param shelf - Gives the tab's storage; throws, or gives none, where the browser has none for this page. */
  constructor(private readonly shelf: () => Shelf | null = tabShelf) {}

  /** A page has taken these files back. */
  note(epoch: string, page: PageId, uploads: readonly UploadId[]): void {
    if (uploads.length > 0) {
      this.write([...this.read(), ...uploads.map(upload => ({ epoch, page, upload }))]);
    }
  }

  /** The files of a session that were taken back, each once. */
  take(epoch: string): readonly LeftFile[] {
    const all = this.read();
    const found = all.filter(each => each.epoch === epoch);
    if (found.length > 0) {
      this.write(all.filter(each => each.epoch !== epoch));
    }
    return found;
  }

  private read(): readonly LeftFile[] {
    try {
      const read: unknown = JSON.parse(this.shelf()?.getItem(KEY) ?? '[]');
      return Array.isArray(read) ? read.filter(isLeftFile) : [];
    } catch {
      return [];
    }
  }

  private write(files: readonly LeftFile[]): void {
    try {
      this.shelf()?.setItem(KEY, JSON.stringify(files.slice(-MOST)));
    } catch {
      // full, or not allowed
    }
  }
}

function isLeftFile(value: unknown): value is LeftFile {
  const { epoch, page, upload } = (value ?? {}) as Partial<Record<keyof LeftFile, unknown>>;
  return typeof epoch === 'string' && typeof page === 'string' && Number.isInteger(upload);
}

/** Asked for each time: a browser that forbids it throws. */
function tabShelf(): Shelf | null {
  return (globalThis as { sessionStorage?: Shelf }).sessionStorage ?? null;
}
