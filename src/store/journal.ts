/** What functions have written, as far as it is kept. */
import type { LogEntry } from '../protocol/wire';

/** Characters kept; the oldest go first. */
const KEPT = 200_000;

/** Entries in order; neighbours of one task and stream are one. */
export class Journal {
  get entries(): readonly LogEntry[] {
    return this.kept;
  }

  /** All there is, of a welcome. */
  replace(entries: readonly LogEntry[]): void {
    this.change([...entries]);
  }

  /** More of it. */
  add(entries: readonly LogEntry[]): void {
    const kept = [...this.kept];
    for (const entry of entries) {
      const last = kept.at(-1);
      if (last !== undefined && last.task === entry.task && last.stream === entry.stream) {
        kept[kept.length - 1] = { ...last, text: last.text + entry.text };
      } else {
        kept.push(entry);
      }
    }
    this.change(trimmed(kept));
  }

  /** The person has read it. */
  clear(): void {
    this.change([]);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private change(kept: readonly LogEntry[]): void {
    this.kept = kept;
    this.listeners.forEach(listener => listener());
  }

  private kept: readonly LogEntry[] = [];
  private readonly listeners = new Set<() => void>();
}

function trimmed(entries: LogEntry[]): LogEntry[] {
  let size = entries.reduce((sum, entry) => sum + entry.text.length, 0);
  while (size > KEPT) {
    const first = entries.shift();
    if (first === undefined) {
      break;
    }
    const excess = size - KEPT;
    size -= Math.min(excess, first.text.length);
    if (first.text.length > excess) {
      entries.unshift({ ...first, text: first.text.slice(excess) });
    }
  }
  return entries;
}
