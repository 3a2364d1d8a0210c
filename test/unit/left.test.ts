// @vitest-environment node
/** What a page that is left in the middle of sending a file leaves to the next one of its tab. */
import { expect, test } from 'vitest';

import type { PageId, UploadId } from '../../src/protocol/wire';
import { Left } from '../../src/store/left';
import { Page } from '../../src/store/page';
import { Loopback } from '../../src/transport/loopback';
import { EPOCH, frame, node, welcome } from './support';

/** The storage of a tab. */
class Tab {
  readonly items = new Map<string, string>();
  readonly getItem = (key: string): string | null => this.items.get(key) ?? null;
  readonly setItem = (key: string, value: string): void => void this.items.set(key, value);

  /** What the browser makes of it when the person duplicates the tab. */
  duplicate(): Tab {
    const tab = new Tab();
    this.items.forEach((value, key) => tab.setItem(key, value));
    return tab;
  }
}

interface Opened {
  readonly page: Page;
  readonly transport: Loopback;
}

function open(id: string, tab: Tab | null, epoch = EPOCH): Opened {
  const transport = new Loopback();
  const later = (): (() => void) => () => undefined;
  const endOfTick = (send: () => void): void => send();
  const page = new Page(transport, { id, tab: () => tab, later, endOfTick });
  page.start(null);
  transport.deliver(frame([welcome({ page: id, epoch })], { [id]: 1 }, epoch));
  return { page, transport };
}

function send({ page }: Opened, count = 1): void {
  for (let i = 0; i < count; i += 1) {
    page.files.uploads.send(node(1), new Blob(['abc'])).catch(() => undefined);
  }
}

interface Message {
  readonly type: string;
  readonly upload: number;
  readonly page?: string;
}

/** The files that a page has taken back, as `page upload`; its own have no page. */
function takenBack({ transport }: Opened): string[] {
  const all = transport.sent.flatMap(
    ({ content }) => (content as { messages: Message[] }).messages
  );
  const abandons = all.filter(({ type }) => type === 'abandon');
  return abandons.map(({ page = 'own', upload }) => `${page} ${upload}`);
}

test('what a page could not say any more, the next page of the tab says, once', () => {
  const tab = new Tab();
  const first = open('first', tab);
  send(first, 2);
  first.transport.turn('lost');
  first.page.files.leave(EPOCH);
  expect(takenBack(first)).toEqual([]);
  expect(takenBack(open('second', tab))).toEqual(['first 1', 'first 2']);
  expect(takenBack(open('third', tab))).toEqual([]);
});

test('a page that draws what its notebook has says it when the kernel has answered', () => {
  const tab = new Tab();
  const first = open('first', tab);
  send(first);
  first.page.files.leave(EPOCH);
  const transport = new Loopback();
  const page = new Page(transport, { id: 'second', tab: () => tab });
  const saved = frame([welcome({ page: null })]);
  page.start({ content: saved, buffers: [] }, true);
  expect(takenBack({ page, transport })).toEqual([]);
  transport.deliver(frame([], { second: 1 }));
  expect(takenBack({ page, transport })).toEqual(['first 1']);
  page.close();
});

test('a picture of the app takes nothing away from the page that will be live', () => {
  const tab = new Tab();
  const first = open('first', tab);
  send(first);
  first.page.files.leave(EPOCH);
  const transport = new Loopback();
  transport.state = 'asking';
  const picture = new Page(transport, { tab: () => tab });
  picture.start({ content: frame([welcome({ page: null })]), buffers: [] }, true);
  expect(takenBack({ page: picture, transport })).toEqual([]);
  expect(takenBack(open('second', tab))).toEqual(['first 1']);
});

test('a tab that is duplicated while a file is on its way says nothing of it', () => {
  const tab = new Tab();
  const first = open('first', tab);
  send(first);
  expect(takenBack(open('copy', tab.duplicate()))).toEqual([]);
  // and one that comes back says what is true
  first.page.files.leave(EPOCH);
  expect(takenBack(open('later copy', tab.duplicate()))).toEqual(['first 1']);
});

test('pages of another session are not told', () => {
  const tab = new Tab();
  const first = open('first', tab);
  send(first);
  first.page.files.leave(EPOCH);
  expect(takenBack(open('other', tab, 'e2'))).toEqual([]);
  expect(takenBack(open('second', tab))).toEqual(['first 1']);
});

test('nothing is kept of a page that sends no file', () => {
  const tab = new Tab();
  open('first', tab).page.files.leave(EPOCH);
  expect(tab.items.size).toBe(0);
});

test('does without a storage, and with one that has nonsense or is full', () => {
  const first = open('first', null);
  send(first);
  first.page.files.leave(EPOCH);
  const tab = new Tab();
  for (const text of ['{', '5', '[null, {}, {"epoch": "e1", "page": 3, "upload": "x"}]']) {
    tab.setItem('ipyblocks:left', text);
    expect(takenBack(open('second', tab))).toEqual([]);
  }
  const full = new Left(() => ({
    getItem: () => null,
    setItem: () => {
      throw new Error('full');
    }
  }));
  full.note(EPOCH, 'first' as PageId, [1 as UploadId]);
  const forbidden = new Left(() => {
    throw new Error('forbidden');
  });
  expect(forbidden.take(EPOCH)).toEqual([]);
});

test('keeps the last hundred files', () => {
  const tab = new Tab();
  const left = new Left(() => tab);
  const uploads = Array.from({ length: 130 }, (_, i) => (i + 1) as UploadId);
  left.note(EPOCH, 'first' as PageId, uploads);
  expect(left.take(EPOCH).map(({ upload }) => upload)).toEqual(uploads.slice(-100));
});
