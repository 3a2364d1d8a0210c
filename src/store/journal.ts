/** What functions have written, as far as it is kept. */
import type { LogEntry } from '../protocol/wire';

/** Characters kept; the oldest go first. */
const KEPT = 200_000;

/** Entries kept: each is an element on the page. */
const MOST = 2000;

/** Entries in order; neighbours of one task and stream are one. Text is as a terminal would show it. */
export class Journal {
  get entries(): readonly LogEntry[] {
    return this.kept;
  }

  /** All there is, of a welcome. */
  replace(entries: readonly LogEntry[]): void {
    this.change(trimmed(joined([], entries)));
  }

  /**
   * More of it.
   *
   * @param dropped - Characters that came before these and are left out.
   */
  add(entries: readonly LogEntry[], dropped = 0): void {
    const [first] = entries;
    const gap =
      dropped > 0 && first !== undefined
        ? [{ ...first, stream: 'stderr' as const, text: `\n… ${dropped} characters left out …\n` }]
        : [];
    this.change(trimmed(joined(this.kept, [...gap, ...entries])));
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

function joined(before: readonly LogEntry[], more: readonly LogEntry[]): LogEntry[] {
  const kept = [...before];
  for (const entry of more) {
    const last = kept.at(-1);
    if (last !== undefined && last.task === entry.task && last.stream === entry.stream) {
      kept[kept.length - 1] = { ...last, text: written(last.text, entry.text) };
    } else {
      kept.push({ ...entry, text: written('', entry.text) });
    }
  }
  return kept;
}

/** Text after more was written: a line begun anew takes the place of the old one, and colours are left out. */
function written(before: string, more: string): string {
  const start = before.lastIndexOf('\n') + 1;
  // eslint-disable-next-line no-control-regex
  const fresh = (before.slice(start) + more).replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
  const lines = fresh.split('\n');
  const last = lines.pop() ?? '';
  // A return at the very end waits for what comes in its place.
  const open = last.endsWith('\r') ? `${visible(last)}\r` : visible(last);
  return before.slice(0, start) + [...lines.map(visible), open].join('\n');
}

/** What is left of a line that was begun anew; returns at its end change nothing. */
function visible(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') {
    end -= 1;
  }
  const text = line.slice(0, end);
  return text.slice(text.lastIndexOf('\r') + 1);
}

function trimmed(entries: LogEntry[]): LogEntry[] {
  let excess = entries.reduce((sum, entry) => sum + entry.text.length, 0) - KEPT;
  let from = 0;
  for (let entry = entries[0]; entry !== undefined && excess >= entry.text.length;) {
    excess -= entry.text.length;
    entry = entries[(from += 1)];
  }
  const kept = entries.slice(Math.max(from, entries.length - MOST));
  const [first] = kept;
  if (first !== undefined && excess > 0 && from === entries.length - kept.length) {
    kept[0] = { ...first, text: first.text.slice(excess) };
  }
  return kept;
}
