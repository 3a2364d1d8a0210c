/** What travels beside the count: files to the kernel, and large values from it. */
import type { PageId, Part, Received } from '../protocol/wire';
import { Downloads, type FetchMessage } from './downloads';
import type { Outbox } from './outbox';
import type { Later } from './runouts';
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
}

/** The files of one page. */
export class Files {
  readonly uploads: Uploads;
  readonly downloads: Downloads;

  constructor(
    private readonly page: PageId,
    outbox: Outbox,
    options: FilesOptions
  ) {
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

  /** The session is gone. */
  clear(): void {
    this.uploads.clear();
    this.downloads.clear();
  }
}
