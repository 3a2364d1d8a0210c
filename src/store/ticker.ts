/** The page's clock, for those who watch it. */

/** Milliseconds between two readings. */
const INTERVAL = 100;

/** Reads the clock ten times a second while somebody watches, once for all of them, and rests otherwise. */
export class Ticker {
  /**
   * @param now - The page's clock, in milliseconds.
   */
  constructor(private readonly now: () => number) {}

  /** The last reading; one that nobody has watched is made anew. */
  get time(): number {
    if (this.timer === null && Math.abs(this.now() - this.last) > INTERVAL) {
      this.last = this.now();
    }
    return this.last;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    this.timer ??= setInterval(() => this.tick(), INTERVAL);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0 && this.timer !== null) {
        clearInterval(this.timer);
        this.timer = null;
      }
    };
  }

  private tick(): void {
    this.last = this.now();
    this.listeners.forEach(listener => listener());
  }

  private last = -Infinity;
  private timer: ReturnType<typeof setInterval> | null = null;
  private readonly listeners = new Set<() => void>();
}
