/** What travels beside the count: files to the kernel, and large values from it. */
import type { PageId, Part, Received } from '../protocol/wire';
import { Downloads, type FetchMessage } from './downloads';
import { Left } from './left';
import type { Outbox } from './outbox';
import type { Later } from './runouts';
import type { Shelf } from './stored';
import { Uploads, type PieceMessage } from './uploads';

/** A message to the kernel beside the count. */
export type Beside = PieceMessage | FetchMessage;

/** What files need of the page. */
export interface FilesOptions {
  readonly send: (message: Beside) => void;
  /** Whether what is sent travels. */
  readonly isOpen: () => boolean;
  readonly later: Later;
  /** The page's clock, in milliseconds. */
  readonly now: () => number;
  /** See {@link Left}. */
  readonly tab?: (() => Shelf | null) | undefined;
}

/** The files of one page. */
export class Files {
  readonly uploads: Uploads;
  readonly downloads: Downloads;

  constructor(
    private readonly page: PageId,
    private readonly outbox: Outbox,
    options: FilesOptions
  ) {
    this.left = new Left(options.tab);
    this.uploads = new Uploads(outbox, options);
    this.downloads = new Downloads(options);
  }

  /** The kernel's answer to a message beside the count. */
  take(message: Received | Part): void {
    if (message.page !== this.page) {
      return;
    }
    if (message.type === 'received') {
      this.uploads.take(message);
    } else {
      this.downloads.take(message);
    }
  }

  /** The connection is back. */
  resume(): void {
    this.uploads.resume();
    this.downloads.resume();
  }

  /** The kernel is there: take back, once, the files of pages that were left before this one. */
  follow(epoch: string | null): void {
    if (epoch === null || epoch === this.followed) {
      return;
    }
    this.followed = epoch;
    for (const { page, upload } of this.left.take(epoch)) {
      this.outbox.push({ type: 'abandon', upload, page });
    }
  }

  /** The window goes: take back the files on their way, which nobody else can send. */
  leave(epoch: string | null): void {
    if (epoch !== null) {
      // What is said now may not be sent any more.
      this.left.note(epoch, this.page, this.uploads.ids);
    }
    this.uploads.leave();
  }

  /** The session is gone. */
  clear(): void {
    this.uploads.clear();
    this.downloads.clear();
  }

  private readonly left: Left;
  /** The session whose former pages have been looked for. */
  private followed: string | null = null;
}
