/** How many pieces may be ahead of their answers, as many as the line carries without a queue, and how fast it is. */

/** Pieces that are ahead on any line, and on the fastest. */
export const FEWEST = 2;
export const MOST = 16;

/** Milliseconds that an answer may take longer than the quickest one: a click waits that long, too. */
const QUEUE_MS = 15;

/** Answers from which the rate is taken: to some of them a latency belongs, to those that follow at once none. */
const RECENT = 4;

/** How many times as long as the slowest answer nobody is to worry. */
const PATIENCE = 3;

/** Watches how long answers take. A queue on the way shows as answers that take longer than the quickest. */
export class Lead {
  constructor(private readonly now: () => number) {}

  /** Pieces that may be on their way, of all files together. */
  get pieces(): number {
    return Math.floor(this.most);
  }

  /** Bytes a second that the line carries; Infinity before the first answer. */
  get rate(): number {
    const [bytes, milliseconds] = this.recent.reduce(
      ([b, m], each) => [b + each.bytes, m + each.milliseconds],
      [0, 0]
    );
    return milliseconds === 0 ? Infinity : (1000 * bytes) / milliseconds;
  }

  /** Milliseconds that an answer may take, as it is now. */
  get patience(): number {
    return PATIENCE * this.slowest;
  }

  /** A piece goes; returns what its answer is told by. */
  sent(bytes: number): () => void {
    const at = this.now();
    return () => {
      const now = this.now();
      // The line was this piece's own only from the answer before on.
      const milliseconds = now - Math.max(at, this.last);
      this.last = now;
      this.recent = [...this.recent, { bytes, milliseconds }].slice(-RECENT);
      this.slowest = Math.max(now - at, 0.9 * this.slowest);
      this.answered(now - at);
    };
  }

  /** Nothing was answered for long: begin anew, on what may be another line. */
  lost(): void {
    this.most = FEWEST;
    this.quickest = Infinity;
    this.slowest = 0;
  }

  private answered(milliseconds: number): void {
    this.quickest = Math.min(this.quickest, milliseconds);
    this.most =
      milliseconds <= this.quickest + QUEUE_MS
        ? Math.min(MOST, this.most + 1 / this.most)
        : Math.max(FEWEST, this.most - 0.5);
  }

  private recent: readonly { readonly bytes: number; readonly milliseconds: number }[] = [];
  /** When the last answer came. */
  private last = -Infinity;
  private slowest = 0;
  private most = FEWEST;
  private quickest = Infinity;
}
