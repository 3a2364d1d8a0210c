/** Notices that a busy kernel does not come to what the person did. */
import type { Later } from './runouts';

/** Milliseconds without an answer after which a click is worth a word. */
const PATIENCE = 1000;

/** One timer, from the first unanswered message on. */
export class Patience {
  /**
   * @param isBusy - Whether the kernel takes messages only when it has nothing else to do, and has.
   * @param onChange - Called when {@link isOver} has changed.
   */
  constructor(
    private readonly later: Later,
    private readonly isBusy: () => boolean,
    private readonly onChange: () => void
  ) {}

  /** The person waits for the kernel, which is busy. */
  get isOver(): boolean {
    return this.over;
  }

  /** Something is on its way. */
  start(): void {
    this.stop ??= this.later(() => this.turn(this.isBusy()), PATIENCE);
  }

  /** All has been answered, or nobody is there to answer. */
  rest(): void {
    this.stop?.();
    this.stop = null;
    this.turn(false);
  }

  private turn(over: boolean): void {
    if (over !== this.over) {
      this.over = over;
      this.onChange();
    }
  }

  private stop: (() => void) | null = null;
  private over = false;
}
