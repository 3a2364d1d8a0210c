/** How large pieces are, and how many may be ahead of their answers: what the line carries without a queue. */

/** Bytes of the largest piece; the kernel takes and sends no larger ones. */
export const CHUNK = 1 << 18;

/** Bytes of one piece on the slowest line: smaller ones would be more message than piece. */
export const SMALLEST = 1 << 14;

/** Seconds that one piece may keep the line: a click waits behind it. */
const PIECE_S = 0.1;

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

  /**
   * Bytes of the next piece: a power of two. Twice those that were answered, at most: nobody knows a line before
   * it has carried something, and answers that a busy page finds together say that it is faster than it is.
   */
  get size(): number {
    const most = 2 * Math.max(0, ...this.recent.map(({ bytes }) => bytes));
    const bytes = 2 ** Math.floor(Math.log2(Math.min(most, this.rate * PIECE_S)));
    return Math.min(CHUNK, Math.max(SMALLEST, bytes));
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
      this.answered(bytes, now - at);
    };
  }

  /** Nothing was answered for long: begin anew, on what may be another line. */
  lost(): void {
    this.most = FEWEST;
    this.quickest.clear();
    this.slowest = 0;
    this.recent = [];
  }

  private answered(bytes: number, milliseconds: number): void {
    const kind = Math.floor(Math.log2(bytes));
    const quickest = Math.min(this.quickest.get(kind) ?? Infinity, milliseconds);
    this.quickest.set(kind, quickest);
    this.most =
      milliseconds <= quickest + QUEUE_MS
        ? Math.min(MOST, this.most + 1 / this.most)
        : Math.max(FEWEST, this.most - 0.5);
  }

  private recent: readonly { readonly bytes: number; readonly milliseconds: number }[] = [];
  /** When the last answer came. */
  private last = -Infinity;
  private slowest = 0;
  private most = FEWEST;
  /** Milliseconds, by the power of two that a piece has of bytes: large ones take longer without any queue. */
  private readonly quickest = new Map<number, number>();
}
