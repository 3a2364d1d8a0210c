// @vitest-environment node
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { Page } from '../../src/store/page';
import { PREFIX, Stored, type Shelf } from '../../src/store/stored';
import type { Json, ToKernel } from '../../src/protocol/wire';
import { Binary } from '../../src/protocol/wire';
import { Loopback } from '../../src/transport/loopback';
import { frame, PAGE, welcome } from './support';

class Shelves implements Shelf {
  readonly kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
}

let shelf: Shelves;
let warn: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  shelf = new Shelves();
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
});

describe('values', () => {
  test.each<Json>([
    'größe',
    null,
    0,
    false,
    [1, [2], {}],
    { a: { $b: 1.5 } },
    9007199254740993n,
    NaN,
    -Infinity
  ])('come back as they were: %s', value => {
    const stored = new Stored(() => shelf);
    stored.keep({ key: 'x', value });
    expect([...shelf.kept.keys()]).toEqual([`${PREFIX}x`]);
    expect(stored.answer({ keys: ['x', 'unknown'] }).values).toEqual({ x: value });
    expect(warn).not.toHaveBeenCalled();
  });

  test('that are too large, or have files, are left out, with one warning', () => {
    const stored = new Stored(() => shelf);
    stored.keep({ key: 'x', value: 'before' });
    stored.keep({ key: 'x', value: 'x'.repeat(100_000) });
    stored.keep({ key: 'x', value: [new Binary(new Uint8Array(1), 'a/b')] });
    expect(stored.answer({ keys: ['x'] }).values).toEqual({ x: 'before' });
    expect(warn).toHaveBeenCalledOnce();
  });

  test('of others, and broken ones, are none', () => {
    shelf.kept.set(`${PREFIX}x`, '{');
    shelf.kept.set(`${PREFIX}y`, '{"$number": 3, "a": 1}');
    shelf.kept.set('z', '1');
    expect(new Stored(() => shelf).answer({ keys: ['x', 'y', 'z'] }).values).toEqual({});
    expect(warn).toHaveBeenCalledOnce();
  });
});

test.each<[string, () => Shelf | null]>([
  ['missing', () => null],
  [
    'forbidden',
    () => {
      throw new Error('SecurityError');
    }
  ],
  [
    'full',
    () => ({
      getItem: () => null,
      setItem: () => {
        throw new Error('QuotaExceededError');
      }
    })
  ]
])('where the storage is %s, the app goes on', (_what, open) => {
  const stored = new Stored(open);
  stored.keep({ key: 'x', value: 1 });
  stored.keep({ key: 'y', value: 1 });
  expect(stored.answer({ keys: ['x', 'y'] })).toEqual({ type: 'stored', values: {} });
  expect(warn).toHaveBeenCalledOnce();
});

test('the browser of the test has none', () => {
  vi.stubGlobal('localStorage', undefined);
  expect(new Stored().answer({ keys: ['x'] }).values).toEqual({});
  expect(warn).toHaveBeenCalledOnce();
  vi.unstubAllGlobals();
});

// --- a page --------------------------------------------------------------------------------------

function live(): { kernel: Loopback; page: Page; sent: () => ToKernel[] } {
  const kernel = new Loopback();
  const page = new Page(kernel, { id: PAGE, endOfTick: send => send(), shelf: () => shelf });
  page.start(null);
  kernel.deliver(frame([welcome()], { [PAGE]: 1 }));
  const sent = (): ToKernel[] =>
    kernel.sent.splice(0).flatMap(packet => (packet.content as { messages: ToKernel[] }).messages);
  sent();
  return { kernel, page, sent };
}

test('a page answers what it is asked, and keeps what it is told', () => {
  shelf.kept.set(`${PREFIX}theme`, '"dark"');
  const { kernel, sent } = live();
  kernel.deliver(frame([{ type: 'askStored', seq: 1, page: null, keys: ['theme', 'size'] }]));
  expect(sent()).toEqual([{ type: 'stored', seq: 2, values: { theme: 'dark' } }]);
  kernel.deliver(
    frame([
      { type: 'askStored', seq: 2, page: 'page-2', keys: ['theme'] },
      { type: 'store', seq: 3, key: 'size', value: 3 },
      { type: 'askStored', seq: 4, page: PAGE, keys: ['size'] }
    ])
  );
  expect(sent()).toEqual([{ type: 'stored', seq: 3, values: { size: 3 } }]);
});

test('what a notebook has kept asks for nothing and keeps nothing', () => {
  const kernel = new Loopback();
  kernel.state = 'asking';
  const page = new Page(kernel, { id: PAGE, shelf: () => shelf });
  const effect = vi.fn();
  page.effects.attach(effect);
  const messages = [
    welcome({ page: null, seq: 5 }),
    { type: 'askStored', seq: 6, page: null, keys: ['theme'] },
    { type: 'store', seq: 7, key: 'theme', value: 'forged' },
    { type: 'openUrl', seq: 8, page: PAGE, url: 'https://example.org' }
  ];
  page.start({ content: frame(messages), buffers: [] });
  expect(page.place).toEqual({ epoch: 'e1', seen: 8 });
  expect(kernel.sent).toEqual([]);
  expect([...shelf.kept]).toEqual([]);
  expect(effect).not.toHaveBeenCalled();
});
