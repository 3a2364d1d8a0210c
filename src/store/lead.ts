/** How many pieces may be ahead of their answers: as many as the line carries without a queue. */

/** Pieces that are ahead on any line, and on the fastest. */
export const FEWEST = 2;
export const MOST = 16;

/** Milliseconds that an answer may take longer than the quickest one: a click waits that long, too. */
const QUEUE_MS = 15;

/** Watches how long answers take. A queue on the way shows as answers that take longer than the quickest. */
export class Lead {
  constructor(private readonly now: () => number) {}

  /** Pieces that may be on their way, of all files together. */
  get pieces(): number {
    return Math.floor(this.most);
  }

  /** A piece goes; returns what its answer is told by. */
  sent(): () => void {
    const at = this.now();
    return () => this.answered(this.now() - at);
  }

  /** Nothing was answered for long: begin anew, on what may be another line. */
  lost(): void {
    this.most = FEWEST;
    this.quickest = Infinity;
  }

  private answered(milliseconds: number): void {
    this.quickest = Math.min(this.quickest, milliseconds);
    this.most =
      milliseconds <= this.quickest + QUEUE_MS
        ? Math.min(MOST, this.most + 1 / this.most)
        : Math.max(FEWEST, this.most - 0.5);
  }

  private most = FEWEST;
  private quickest = Infinity;
}
