/** Reminds of what has got no answer: after a while, then ever more rarely. */
import type { Later } from './runouts';

/** Milliseconds without an answer after which somebody is asked; doubled up to {@link MOST_MS}. */
export const FIRST_MS = 2000;

const MOST_MS = 30_000;

/** One timer, as long as something waits. */
export class Nudge {
  /** @param act - Asks for the answer. */
  constructor(
    private readonly later: Later,
    private readonly act: () => void
  ) {}

  /** Something waits for an answer. */
  arm(): void {
    this.stop ??= this.later(() => {
      this.stop = null;
      this.wait = Math.min(MOST_MS, 2 * this.wait);
      this.arm();
      this.act();
    }, this.wait);
  }

  /** An answer has come; `more` says whether something else still waits. */
  answered(more: boolean): void {
    this.rest();
    if (more) {
      this.arm();
    }
  }

  /** Nothing waits any more. */
  rest(): void {
    this.stop?.();
    this.stop = null;
    this.wait = FIRST_MS;
  }

  private stop: (() => void) | null = null;
  private wait = FIRST_MS;
}
