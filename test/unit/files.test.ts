// @vitest-environment node
/** Files to the kernel and large values from it, beside the count of messages. */
import { crc32 as zlibCrc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import { pack, unpack, WireError } from '../../src/protocol/codec';
import {
  Binary,
  BlobReference,
  type BlobId,
  type Fetch,
  type PageId,
  type Piece,
  type ToKernel,
  type UploadId
} from '../../src/protocol/wire';
import { crc32 } from '../../src/store/crc32';
import { Downloads } from '../../src/store/downloads';
import { FEWEST, Lead, MOST } from '../../src/store/lead';
import { Outbox } from '../../src/store/outbox';
import { same } from '../../src/store/store';
import { CHUNK, SMALLEST, STALL_MS, Uploads } from '../../src/store/uploads';
import { livePage, node, patch, welcome } from './support';

/** Every await of a transfer is over: reading a Blob takes a few macrotasks. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) {
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** Timers that go off when the test says. */
class Timers {
  readonly waiting: { readonly callback: () => void; readonly milliseconds: number }[] = [];
  readonly later = (callback: () => void, milliseconds: number): (() => void) => {
    const timer = { callback, milliseconds };
    this.waiting.push(timer);
    return () => {
      const at = this.waiting.indexOf(timer);
      if (at >= 0) {
        this.waiting.splice(at, 1);
      }
    };
  };

  goOff(): number {
    const timer = this.waiting.shift();
    timer?.callback();
    return timer?.milliseconds ?? NaN;
  }
}

function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  // pieces that differ, so that their order shows
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i += 1000) {
    bytes[i] = i / 1000;
  }
  return bytes;
}

describe('crc32', () => {
  test.each([0, 1, 2, 3, 4, 5, 1000, 4099])("of %d bytes is zlib's", size => {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7919) % 256);
    expect(crc32(bytes)).toBe(zlibCrc32(bytes));
  });
});

describe('lead', () => {
  test('grows while answers are as quick as the quickest, and shrinks when a queue builds', () => {
    let time = 0;
    const lead = new Lead(() => time);
    const answer = (milliseconds: number): void => {
      const answered = lead.sent(1000);
      time += milliseconds;
      answered();
    };
    expect(lead.pieces).toBe(FEWEST);
    for (let i = 0; i < 200; i += 1) {
      answer(50);
    }
    expect(lead.pieces).toBe(16);
    for (let i = 0; i < 10; i += 1) {
      answer(90);
    }
    expect(lead.pieces).toBe(11);
    for (let i = 0; i < 100; i += 1) {
      answer(500);
    }
    expect(lead.pieces).toBe(FEWEST);
    answer(70);
    lead.lost();
    // on another line the quickest is another
    for (let i = 0; i < 10; i += 1) {
      answer(300);
    }
    expect(lead.pieces).toBeGreaterThan(FEWEST);
  });

  test('knows how fast the line is, whatever its latency, and how long answers take', () => {
    let time = 0;
    const lead = new Lead(() => time);
    expect([lead.rate, lead.patience]).toEqual([Infinity, 0]);
    const answers: (() => void)[] = [];
    for (let round = 0; round < 4; round += 1) {
      answers.push(lead.sent(1000), lead.sent(1000));
    }
    time = 300;
    answers.forEach(answered => {
      answered();
      time += 10;
    });
    expect(lead.rate).toBeCloseTo(100_000);
    expect(lead.patience).toBe(3 * 370);
    // nothing was on the line meanwhile
    time += 60_000;
    const last = lead.sent(1000);
    time += 10;
    last();
    expect(lead.rate).toBeCloseTo(100_000);
  });
});

// --- up --------------------------------------------------------------------------------------------

function sender() {
  const counted: ToKernel[] = [];
  const pieces: Omit<Piece, 'seq'>[] = [];
  const timers = new Timers();
  const line = { open: true, time: 0 };
  const outbox = new Outbox(
    messages => counted.push(...messages),
    () => undefined,
    send => send()
  );
  const uploads = new Uploads(outbox, {
    send: piece => pieces.push(piece),
    isOpen: () => line.open,
    later: timers.later,
    now: () => line.time
  });
  const begin = (size: number, name?: string) => {
    const bytes = bytesOf(size);
    const file: Blob & { name?: string } = new Blob([bytes], { type: 'text/plain' });
    if (name !== undefined) {
      file.name = name;
    }
    const shares: number[] = [];
    const stop = new AbortController();
    const result = uploads.send(node(1), file, share => shares.push(share), stop.signal);
    result.catch(() => undefined);
    return { bytes, shares, stop, result };
  };
  const answer = (
    received: number,
    state: 'going' | 'again' | 'whole' | 'refused' = 'going',
    upload = 1,
    message: string | null = null
  ): void =>
    uploads.take({
      type: 'received',
      page: 'p' as PageId,
      upload: upload as UploadId,
      received,
      state,
      message
    });
  /** Offsets, in pieces, sent since the last call. */
  const sent = (): number[] => pieces.splice(0).map(({ offset }) => offset / CHUNK);
  return { counted, pieces, timers, line, uploads, begin, answer, sent };
}

const sizeOf = ({ chunk }: Pick<Piece, 'chunk'>): number => (chunk as Binary).data.length;

describe('uploads', () => {
  test('a file is announced at once and goes in pieces, a few ahead of the answers', async () => {
    const { counted, pieces, begin, answer, timers, uploads } = sender();
    const { bytes, shares, result } = begin(5.5 * CHUNK, 'a.txt');
    expect(counted).toMatchObject([
      { type: 'upload', upload: 1, node: 1, name: 'a.txt', mimeType: 'text/plain' }
    ]);
    await settle();
    expect(pieces.map(({ offset }) => offset / CHUNK)).toEqual([0, 1]);
    answer(CHUNK);
    await settle();
    expect(pieces.length).toBe(3);
    expect(shares.at(-1)).toBeCloseTo(1 / 5.5);
    for (const have of [2, 3, 4, 5]) {
      answer(have * CHUNK);
      await settle();
    }
    expect(pieces.length).toBe(6);
    answer(5.5 * CHUNK, 'whole');
    expect(await result).toEqual({ upload: 1 });
    const whole = Buffer.concat(pieces.map(piece => (piece.chunk as Binary).data));
    expect(whole.equals(bytes)).toBe(true);
    expect(pieces.every(({ chunk, crc }) => zlibCrc32((chunk as Binary).data) === crc)).toBe(true);
    expect([uploads.size, timers.waiting.length]).toEqual([0, 0]);
  });

  test('an empty file is one empty piece', async () => {
    const { pieces, begin, answer } = sender();
    const { result } = begin(0);
    await settle();
    expect(pieces).toMatchObject([{ offset: 0, crc: 0 }]);
    answer(0, 'whole');
    expect(await result).toEqual({ upload: 1 });
  });

  test('several at once share the line, in turns', async () => {
    const { pieces, begin, answer } = sender();
    begin(9 * CHUNK);
    begin(9 * CHUNK);
    await settle();
    expect(pieces.map(({ upload }) => upload)).toEqual([1, 2]);
    answer(CHUNK, 'going', 2);
    await settle();
    // what one has freed is for the other
    expect(pieces.slice(2).map(({ upload }) => upload)).toEqual([1]);
  });

  test('pieces after a lost or damaged one are sent again, and nothing before it', async () => {
    const { begin, answer, sent } = sender();
    begin(9 * CHUNK);
    await settle();
    expect(sent()).toEqual([0, 1]);
    answer(CHUNK, 'again');
    await settle();
    expect(sent()).toEqual([1, 2]);
  });

  test('nothing goes while the line is lost; then it goes on where the kernel is', async () => {
    const { begin, answer, sent, line, uploads } = sender();
    const { shares } = begin(9 * CHUNK);
    await settle();
    answer(2 * CHUNK);
    await settle();
    sent();
    line.open = false;
    answer(3 * CHUNK);
    await settle();
    expect(sent()).toEqual([]);
    line.open = true;
    uploads.resume();
    await settle();
    expect(sent()).toEqual([3, 4]);
    // the kernel had more than the page knew
    answer(6 * CHUNK);
    await settle();
    expect(sent()).toEqual([6, 7]);
    expect(shares).toEqual([2 / 9, 3 / 9, 6 / 9]);
  });

  test('a silence is asked about, ever more patiently', async () => {
    const { begin, answer, sent, pieces, timers } = sender();
    begin(2 * CHUNK);
    await settle();
    expect(sent()).toEqual([0, 1]);
    expect(timers.goOff()).toBe(STALL_MS);
    await settle();
    // what may be on its way is not sent again: an empty piece asks, behind it
    expect(pieces.map(sizeOf)).toEqual([0]);
    expect(sent()).toEqual([2]);
    expect(timers.goOff()).toBe(2 * STALL_MS);
    await settle();
    expect(sent()).toEqual([2]);
    // it was lost
    answer(CHUNK, 'again');
    await settle();
    expect(sent()).toEqual([1]);
    answer(2 * CHUNK);
    await settle();
    sent();
    // all is there but the kernel's word: an empty piece asks for it
    expect(timers.goOff()).toBe(STALL_MS);
    await settle();
    expect(sent()).toEqual([2]);
  });

  test('on a narrow line pieces are small, so that a click does not wait behind them', async () => {
    const { begin, answer, line, pieces } = sender();
    begin(40 * CHUNK);
    await settle();
    let have = 0;
    for (let round = 0; round < 12; round += 1) {
      const [piece] = pieces.splice(0, 1);
      const size = sizeOf(piece!);
      line.time += size / 50; // 50 kB/s
      have += size;
      answer(have);
      await settle();
    }
    const sizes = pieces.map(sizeOf);
    expect(sizes).toEqual([SMALLEST, SMALLEST]);
    for (let round = 0; round < 12; round += 1) {
      const [piece] = pieces.splice(0, 1);
      line.time += 1;
      have += sizeOf(piece!);
      answer(have);
      await settle();
    }
    expect(sizeOf(pieces.at(-1)!)).toBe(CHUNK);
  });

  test('a refusal ends it with the words of the kernel', async () => {
    const { begin, answer, uploads, counted } = sender();
    const { result } = begin(9 * CHUNK);
    await settle();
    answer(0, 'refused', 1, 'Too large.');
    await expect(result).rejects.toThrow('Too large.');
    expect(uploads.size).toBe(0);
    expect(counted.length).toBe(1);
    answer(CHUNK); // late, and nobody's
  });

  test('it is taken back by its signal, and the kernel is told', async () => {
    const { begin, pieces, uploads, counted, timers } = sender();
    const { result, stop } = begin(9 * CHUNK);
    await settle();
    stop.abort();
    await expect(result).rejects.toMatchObject({ name: 'AbortError' });
    expect(counted.at(-1)).toMatchObject({ type: 'abandon', upload: 1 });
    expect([uploads.size, timers.waiting.length]).toEqual([0, 0]);
    await settle();
    expect(pieces.length).toBe(FEWEST);
  });

  test('one taken back while its piece is read sends it not', async () => {
    const { begin, pieces } = sender();
    begin(9 * CHUNK).stop.abort();
    await settle();
    expect(pieces).toEqual([]);
  });

  test('what cannot be read is said, and taken back', async () => {
    const { uploads, counted } = sender();
    const file = new Blob(['abc']);
    file.slice = () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }) as Blob;
    await expect(uploads.send(node(1), file)).rejects.toThrow('cannot be read: it is a folder, or');
    file.slice = () => new Blob(['a']);
    await expect(uploads.send(node(1), file)).rejects.toThrow('cannot be read: it is a folder, or');
    expect(counted.filter(({ type }) => type === 'abandon').length).toBe(2);
  });

  test('a page that is left takes all back at once, without a further tick', async () => {
    const { begin, uploads, counted, pieces, timers } = sender();
    const results = [begin(9 * CHUNK), begin(9 * CHUNK)].map(({ result }) => result);
    await settle();
    const before = [counted.length, pieces.length];
    uploads.leave();
    expect(counted.slice(before[0])).toMatchObject([
      { type: 'abandon', upload: 1 },
      { type: 'abandon', upload: 2 }
    ]);
    await Promise.all(results.map(each => expect(each).rejects.toThrow('choose the file again')));
    await settle();
    expect([uploads.size, timers.waiting.length, pieces.length]).toEqual([0, 0, before[1]]);
  });

  test('the end of the session ends it', async () => {
    const { begin, uploads, timers } = sender();
    const { result } = begin(9 * CHUNK);
    await settle();
    uploads.clear();
    await expect(result).rejects.toThrow('no kernel');
    expect(timers.waiting).toEqual([]);
  });

  test('of a large file only the pieces on their way are in memory', async () => {
    const { uploads, pieces } = sender();
    let read = 0;
    const file = {
      size: 1000 * CHUNK,
      type: '',
      slice: (from: number, to: number) => {
        read += 1;
        return { arrayBuffer: () => Promise.resolve(new ArrayBuffer(to - from)) };
      }
    } as unknown as Blob;
    uploads.send(node(1), file).catch(() => undefined);
    await settle();
    expect([read, pieces.length]).toEqual([FEWEST, FEWEST]);
  });
});

// --- down ------------------------------------------------------------------------------------------

function fetcher() {
  const asked: Omit<Fetch, 'seq'>[] = [];
  const timers = new Timers();
  const line = { open: true, time: 0 };
  const downloads = new Downloads({
    send: message => asked.push(message),
    isOpen: () => line.open,
    later: timers.later,
    now: () => line.time
  });
  const part = (offset: number, chunk: Uint8Array<ArrayBuffer> | null, blob = 1): void =>
    downloads.take({
      type: 'part',
      page: 'p' as PageId,
      blob: blob as BlobId,
      offset,
      chunk: chunk === null ? null : new Binary(chunk, '')
    });
  /** Offsets, in pieces, asked for since the last call. */
  const offsets = (): number[] =>
    asked
      .splice(0)
      .flatMap(({ offset, count = 1 }) =>
        Array.from({ length: count }, (_, i) => offset / CHUNK + i)
      );
  return { asked, timers, line, downloads, part, offsets };
}

const reference = (size: number, blob = 1, name: string | null = 'a.bmp'): BlobReference =>
  new BlobReference(blob as BlobId, size, 'image/bmp', name);

describe('downloads', () => {
  test('a value is asked for when somebody looks, and put together in its order', async () => {
    const { downloads, part, offsets, timers } = fetcher();
    const bytes = bytesOf(5.5 * CHUNK);
    const piece = (at: number) => bytes.slice(at * CHUNK, (at + 1) * CHUNK);
    const big = reference(bytes.length);
    expect(downloads.state(big)).toEqual({ share: 0, blob: null, gone: false });
    expect(offsets()).toEqual([]);
    let told = 0;
    downloads.watch(big, () => (told += 1));
    expect(offsets()).toEqual([0, 1]);
    part(CHUNK, piece(1));
    expect(offsets()).toEqual([2]);
    expect(downloads.state(big).share).toBeCloseTo(1 / 5.5);
    for (const at of [0, 2, 2, 3, 4, 5]) {
      part(at * CHUNK, piece(at));
    }
    const { blob } = downloads.state(big);
    expect(blob).toMatchObject({ name: 'a.bmp', type: 'image/bmp', size: bytes.length });
    expect(Buffer.from((await blob?.arrayBuffer()) as ArrayBuffer).equals(bytes)).toBe(true);
    expect(told).toBe(6);
    expect([downloads.size, timers.waiting.length]).toEqual([0, 0]);
    // whoever looks again finds it
    expect(offsets()).toEqual([3, 4, 5]);
    downloads.watch(big, () => undefined);
    expect(offsets()).toEqual([]);
    expect(downloads.state(big).blob).toBe(blob);
  });

  test('two that look at the same bytes share them', () => {
    const { downloads, part, asked } = fetcher();
    const [one, two] = [reference(10), reference(10)];
    downloads.watch(one, () => undefined);
    downloads.watch(two, () => undefined);
    expect(asked.length).toBe(1);
    part(0, new Uint8Array(10));
    expect(downloads.state(two).blob).toBe(downloads.state(one).blob);
    expect(downloads.state(two).blob).not.toBeNull();
  });

  test('several share the line, in turns', () => {
    const { downloads, asked } = fetcher();
    downloads.watch(reference(9 * CHUNK, 1), () => undefined);
    expect(asked).toMatchObject([{ blob: 1, offset: 0, count: FEWEST }]);
    downloads.watch(reference(9 * CHUNK, 2), () => undefined);
    expect(asked.length).toBe(1);
    downloads.take({
      type: 'part',
      page: 'p' as PageId,
      blob: 1 as BlobId,
      offset: 0,
      chunk: new Binary(new Uint8Array(CHUNK), '')
    });
    expect(asked.at(-1)).toMatchObject({ blob: 2, offset: 0 });
  });

  test('on a line that carries many, one message asks for several that follow one another', () => {
    const { downloads, part, asked } = fetcher();
    const big = reference(200 * CHUNK);
    let told = 0;
    downloads.watch(big, () => (told += 1));
    const wanted = new Set<number>();
    let messages = 0;
    for (let at = 0; at < 200; at += 1) {
      for (const { offset, count = 1 } of asked.splice(0)) {
        messages += 1;
        for (let i = 0; i < count; i += 1) {
          expect(wanted.has(offset / CHUNK + i)).toBe(false);
          wanted.add(offset / CHUNK + i);
        }
      }
      expect(wanted.size - at).toBeLessThanOrEqual(MOST);
      expect(wanted.has(at)).toBe(true);
      part(at * CHUNK, new Uint8Array(CHUNK));
    }
    expect(wanted.size).toBe(200);
    expect(messages).toBeLessThan(200 / 4);
    expect(downloads.state(big).blob?.size).toBe(big.size);
    // not of every piece: each time, something is drawn
    expect(told).toBeGreaterThan(90);
    expect(told).toBeLessThanOrEqual(101);
  });

  test('several that share the line share what is asked for', () => {
    const { downloads, part, asked } = fetcher();
    downloads.watch(reference(200 * CHUNK, 1), () => undefined);
    for (let at = 0; at < 150; at += 1) {
      part(at * CHUNK, new Uint8Array(CHUNK));
    }
    downloads.watch(reference(200 * CHUNK, 2), () => undefined);
    asked.splice(0);
    for (let at = 150; asked.length === 0; at += 1) {
      part(at * CHUNK, new Uint8Array(CHUNK));
    }
    expect(asked.map(({ blob }) => blob).sort()).toEqual([1, 2]);
    const [one = 0, two = 0] = asked.map(({ count = 1 }) => count);
    expect(Math.abs(one - two)).toBeLessThanOrEqual(1);
  });

  test('what nobody looks at any more is fetched no further', () => {
    const { downloads, part, offsets, timers } = fetcher();
    const stop = downloads.watch(reference(9 * CHUNK), () => undefined);
    offsets();
    stop();
    part(0, new Uint8Array(CHUNK));
    expect(offsets()).toEqual([]);
    expect([downloads.size, timers.waiting.length]).toEqual([0, 0]);
  });

  test('after a lost connection, or a silence, what is missing is asked for again', () => {
    const { downloads, part, offsets, line, timers } = fetcher();
    downloads.watch(reference(5 * CHUNK), () => undefined);
    part(CHUNK, new Uint8Array(CHUNK));
    expect(offsets()).toEqual([0, 1, 2]);
    line.open = false;
    downloads.resume();
    expect(offsets()).toEqual([]);
    line.open = true;
    downloads.resume();
    expect(offsets()).toEqual([0, 2]);
    expect(timers.goOff()).toBe(STALL_MS);
    expect(offsets()).toEqual([0, 2]);
    expect(timers.waiting[0]?.milliseconds).toBe(2 * STALL_MS);
    // both answers to a question that was asked twice come
    part(0, new Uint8Array(CHUNK));
    part(0, new Uint8Array(CHUNK));
    expect(downloads.state(reference(5 * CHUNK)).share).toBeCloseTo(2 / 5);
  });

  test('a value that the kernel has no more is gone, and so is one whose session ends', () => {
    const { downloads, part } = fetcher();
    const [one, two] = [reference(9 * CHUNK), reference(9 * CHUNK, 2)];
    downloads.watch(one, () => undefined);
    downloads.watch(two, () => undefined);
    part(0, null);
    expect(downloads.state(one).gone).toBe(true);
    expect(downloads.state(two).gone).toBe(false);
    downloads.clear();
    expect(downloads.state(two).gone).toBe(true);
    expect(downloads.size).toBe(0);
  });

  test('what somebody looks at after the session has ended is gone, until there is one', () => {
    const { downloads, part, offsets, timers } = fetcher();
    downloads.clear();
    const late = reference(10);
    let told = 0;
    const stop = downloads.watch(late, () => (told += 1));
    expect(downloads.state(late).gone).toBe(true);
    expect(timers.waiting.length).toBe(0);
    offsets();
    downloads.resume();
    expect([downloads.state(late).gone, told]).toEqual([false, 1]);
    expect(offsets()).toEqual([0]);
    part(0, new Uint8Array(10));
    expect(downloads.state(late).blob).not.toBeNull();
    stop();
    expect(timers.waiting.length).toBe(0);
  });
});

// --- on the wire -----------------------------------------------------------------------------------

describe('the page', () => {
  const received = (fields: object) => ({
    type: 'received',
    seq: 0,
    page: 'page-1',
    upload: 1,
    received: 3,
    state: 'whole',
    message: null,
    ...fields
  });

  test('sends pieces beside its count and takes answers that are its own', async () => {
    const bench = livePage();
    const result = bench.page.files.uploads.send(node(1), new Blob(['abc']));
    await settle();
    const sent = bench.sent() as { type: string; seq: number }[];
    expect(sent.map(({ type, seq }) => [type, seq])).toEqual([
      ['upload', 2],
      ['piece', 0]
    ]);
    bench.deliver([received({ page: 'another', state: 'refused' })]);
    expect(bench.page.files.uploads.size).toBe(1);
    bench.deliver([received({})]);
    expect(await result).toEqual({ upload: 1 });
    // the kernel's count goes on as if nothing had been
    bench.deliver([patch(1, 1, { value: 'x' })]);
    expect(bench.value(1)).toBe('x');
    bench.page.close();
  });

  test('goes on after a lost connection', async () => {
    const bench = livePage();
    const result = bench.page.files.uploads.send(node(1), new Blob(['abc']));
    await settle();
    bench.kernel.turn('lost');
    bench.sent();
    bench.kernel.turn('open');
    await settle();
    expect(bench.sent().map(({ type }) => type)).toEqual(['hello', 'upload', 'piece']);
    bench.page.close();
    await expect(result).rejects.toThrow('choose the file again');
  });

  test('a reference that comes again leaves its node as it is', () => {
    const bench = livePage();
    const value = { $blob: 7, size: 3_000_000, mimeType: 'image/png' };
    bench.deliver([patch(1, 1, { value })]);
    const before = bench.value(1);
    expect(before).toEqual(new BlobReference(7 as BlobId, 3_000_000, 'image/png'));
    const nodes = [{ id: 1, kind: 'textbox', props: { value }, events: ['input', 'submit'] }];
    bench.deliver([welcome({ seq: 1, nodes })]);
    expect(bench.value(1)).toBe(before);
    expect(same(before, new BlobReference(8 as BlobId, 3_000_000, 'image/png'))).toBe(false);
    bench.page.close();
  });
});

describe('references', () => {
  test('travel both ways', () => {
    const wire = { $blob: 7, size: 3, mimeType: 'a/b', name: 'c' };
    expect(pack(unpack(wire, []), [])).toEqual(wire);
    expect(pack(new BlobReference(7 as BlobId, 3, ''), [])).toEqual({
      $blob: 7,
      size: 3,
      mimeType: ''
    });
  });

  test.each([
    { $blob: '7', size: 3 },
    { $blob: 7 },
    { $blob: 7, size: 3, mimeType: 1 },
    { $blob: 7, size: 3, name: 1 }
  ])('%j is none', bad => {
    expect(() => unpack(bad, [])).toThrow(WireError);
  });
});
