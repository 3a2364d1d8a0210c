// @vitest-environment node
import { describe, expect, test, vi } from 'vitest';

import type { LogEntry, Stream, TaskId } from '../../src/protocol/wire';
import { Journal } from '../../src/store/journal';

const entry = (text: string, task = 1, stream: Stream = 'stdout'): LogEntry => ({
  task: task as TaskId,
  name: `work${task}`,
  stream,
  text
});

function texts(journal: Journal): string[] {
  return journal.entries.map(each => each.text);
}

function of(...entries: LogEntry[]): Journal {
  const journal = new Journal();
  entries.forEach(each => journal.add([each]));
  return journal;
}

const size = (journal: Journal): number => texts(journal).join('').length;

test('neighbours of one task and stream are one entry', () => {
  const journal = of(entry('a'), entry('b\n'), entry('c', 2), entry('d', 2, 'stderr'), entry('e'));
  expect(texts(journal)).toEqual(['ab\n', 'c', 'd', 'e']);
});

describe('bounds', () => {
  test('the oldest text goes first', () => {
    const journal = of(entry('x'.repeat(150_000)), entry('y'.repeat(100_000), 2));
    expect(texts(journal).map(each => [each[0], each.length])).toEqual([
      ['x', 100_000],
      ['y', 100_000]
    ]);
    journal.add([entry('z'.repeat(100_000), 3)]);
    expect(texts(journal).map(each => each[0])).toEqual(['y', 'z']);
  });

  test('one entry that is too long keeps its end', () => {
    const journal = of(entry('x'.repeat(250_000)), entry('end'));
    expect(size(journal)).toBe(200_000);
    expect(texts(journal)[0]).toMatch(/xend$/);
  });

  test('there are never more entries than a page can draw', () => {
    const journal = new Journal();
    journal.replace([...Array(5000).keys()].map(index => entry(`${index}\n`, index)));
    expect(journal.entries).toHaveLength(2000);
    expect(texts(journal).at(-1)).toBe('4999\n');
  });

  test('a welcome is kept to them too', () => {
    const journal = new Journal();
    journal.replace([entry('x'.repeat(300_000))]);
    expect(size(journal)).toBe(200_000);
  });

  test('what the kernel left out is said', () => {
    const journal = of(entry('a\n'));
    journal.add([entry('z\n')], 1234);
    expect(texts(journal).join('')).toContain('1234 characters left out');
  });
});

describe('text is as a terminal would show it', () => {
  test.each([
    [['10 %\r', '20 %\r', '30 %'], '30 %'],
    [['\r10 %', '\r20 %', '\r30 %\n', 'done\n'], '30 %\ndone\n'],
    [['a\n10 %\r20 %'], 'a\n20 %'],
    [['a\r\nb\r', '\nc'], 'a\nb\nc'],
    [['\u001b[31mred\u001b[0m'], 'red'],
    [['\u001b[3', '1mred'], 'red']
  ])('%j', (pieces, wanted) => {
    expect(texts(of(...pieces.map(each => entry(each))))).toEqual([wanted]);
  });
});

test('listeners are told of each change until they stop', () => {
  const journal = new Journal();
  const listener = vi.fn();
  const stop = journal.subscribe(listener);
  journal.add([entry('a')]);
  journal.clear();
  expect(journal.entries).toEqual([]);
  journal.replace([entry('b')]);
  stop();
  journal.add([entry('c')]);
  expect(listener).toHaveBeenCalledTimes(3);
});
