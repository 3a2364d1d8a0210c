/** Reminds of what has got no answer: after a while, then ever more rarely. */
import type { Later } from './runouts';

/** Milliseconds without an answer after which somebody is asked, where nothing else is said. */
export const FIRST_MS = 2000;

const MOST_MS = 30_000;

/** One timer, as long as something waits. */
export class Nudge {
  /**
   * @param act - Asks for the answer.
   * @param first - Milliseconds until it does; doubled each time.
   * @param most - Milliseconds that it never waits longer than.
   */
  constructor(
    private readonly later: Later,
    private readonly act: () => void,
    private readonly first = FIRST_MS,
    private readonly most = MOST_MS
  ) {
    this.wait = first;
  }

  /**
   * Something waits for an answer.
   *
   * @param least - Milliseconds that an answer may well take.
   */
  arm(least = 0): void {
    this.stop ??= this.later(
      () => {
        this.stop = null;
        this.wait = Math.min(this.most, 2 * this.wait);
        this.arm(least);
        this.act();
      },
      Math.max(this.wait, least)
    );
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
    this.wait = this.first;
  }

  private stop: (() => void) | null = null;
  private wait: number;
}
