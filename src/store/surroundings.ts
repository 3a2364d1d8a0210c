/** What a page needs of the world around it, which tests crank by hand. */
import type { Shelf } from './stored';
import type { Schedule } from './store';
import type { TasksOptions } from './tasks';

/** All may be left out: the defaults are the browser's. */
export interface PageOptions extends TasksOptions {
  /** See {@link Store}; the default is the next animation frame. */
  readonly schedule?: Schedule;
  /** When messages to the kernel after the first of a tick go; the default is the next microtask. */
  readonly endOfTick?: Schedule;
  /** The page's clock, in milliseconds; the default is the time since the document was opened. */
  readonly now?: () => number;
  /** Random and unique; the default is a UUID. */
  readonly id?: string;
  /** Where the browser keeps values; see {@link Stored}. */
  readonly shelf?: () => Shelf | null;
  /** Where the browser keeps values for this tab alone; see {@link Left}. */
  readonly tab?: () => Shelf | null;
  /** Version of this package, for the sentence on a mismatch. */
  readonly version?: string;
}
