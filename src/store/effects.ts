/** What the kernel asks the browser to do, once: for the person at this page, or to keep a value. */
import type { AskStored, CopyText, OpenUrl, PageId, SaveFile, Store } from '../protocol/wire';
import type { Unnumbered } from './outbox';
import { Stored, type Shelf } from './stored';

/** What only a view can do. */
export type Effect = CopyText | SaveFile | OpenUrl;

type Runner = (effect: Effect) => void;

/** Does it. */
export class Effects {
  /**
   * @param page - What is for another page is not done.
   * @param send - Takes answers to the kernel.
   */
  constructor(
    private readonly page: PageId,
    private readonly send: (message: Unnumbered) => void,
    shelf?: () => Shelf | null
  ) {
    this.stored = new Stored(shelf);
  }

  /** A view does effects from now on. Returns how to stop; then the one before it does them again. */
  attach(runner: Runner): () => void {
    const entry = { runner };
    this.runners = [...this.runners, entry];
    return () => {
      this.runners = this.runners.filter(each => each !== entry);
    };
  }

  /**
   * A wish of the kernel. Where no view is there, which alone is known to be trusted, nothing is opened.
   *
   * @param isSaved - It is in what a notebook has kept, which may say anything: nothing is done.
   */
  take(message: Effect | AskStored | Store, isSaved = false): void {
    if (isSaved) {
      return;
    }
    if (message.type === 'store') {
      this.stored.keep(message);
    } else if ((message.page ?? this.page) !== this.page) {
      return;
    } else if (message.type === 'askStored') {
      this.send(this.stored.answer(message));
    } else {
      this.runners.at(-1)?.runner(message);
    }
  }

  private readonly stored: Stored;
  private runners: readonly { readonly runner: Runner }[] = [];
}
