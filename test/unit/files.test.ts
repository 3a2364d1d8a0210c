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
import { CHUNK, FEWEST, Lead, MOST, SMALLEST } from '../../src/store/lead';
import { Outbox } from '../../src/store/outbox';
import { same } from '../../src/store/store';
import { STALL_MS, Uploads } from '../../src/store/uploads';
import { livePage, node, patch, welcome } from './support';

/** Milliseconds from answer to answer on a line on which every piece is one of the smallest. */
const NARROW_MS = 1000;

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

  test('pieces are twice as large as those before at most, whatever the clock says', () => {
    let time = 0;
    const lead = new Lead(() => time);
    expect(lead.size).toBe(SMALLEST);
    const answers = Array.from({ length: MOST }, () => lead.sent(SMALLEST));
    // a page that was busy finds all of them at once
    answers.forEach(answered => answered());
    expect([lead.rate, lead.size]).toEqual([Infinity, 2 * SMALLEST]);
    for (let i = 0; i < 10; i += 1) {
      lead.sent(lead.size)();
    }
    expect(lead.size).toBe(CHUNK);
    // the short end of a file says nothing against large ones
    lead.sent(5)();
    expect(lead.size).toBe(CHUNK);
    const answered = lead.sent(CHUNK);
    time += 60_000;
    answered();
    expect(lead.size).toBe(SMALLEST);
    lead.lost();
    expect([lead.rate, lead.size]).toEqual([Infinity, SMALLEST]);
  });

  test('that large pieces take longer than small ones is no queue', () => {
    let time = 0;
    const lead = new Lead(() => time);
    const answer = (bytes: number, milliseconds: number): void => {
      const answered = lead.sent(bytes);
      time += milliseconds;
      answered();
    };
    answer(SMALLEST, 10);
    for (let i = 0; i < 200; i += 1) {
      answer(CHUNK, 100);
    }
    expect(lead.pieces).toBe(MOST);
    answer(CHUNK, 120);
    expect(lead.pieces).toBeLessThan(MOST);
  });
});

// --- up --------------------------------------------------------------------------------------------

function sender() {
  const counted: ToKernel[] = [];
  const pieces: Omit<Piece, 'seq'>[] = [];
  const timers = new Timers();
  const line = { open: true, time: 0, pace: NARROW_MS };
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
  ): void => {
    line.time += line.pace;
    uploads.take({
      type: 'received',
      page: 'p' as PageId,
      upload: upload as UploadId,
      received,
      state,
      message
    });
  };
  /** Offsets, in pieces, sent since the last call. */
  const sent = (): number[] => pieces.splice(0).map(({ offset }) => offset / SMALLEST);
  return { counted, pieces, timers, line, uploads, begin, answer, sent };
}

const sizeOf = ({ chunk }: Pick<Piece, 'chunk'>): number => (chunk as Binary).data.length;

describe('uploads', () => {
  test('a file is announced at once and goes in pieces, a few ahead of the answers', async () => {
    const { counted, pieces, begin, answer, timers, uploads } = sender();
    const { bytes, shares, result } = begin(5.5 * SMALLEST, 'a.txt');
    expect(counted).toMatchObject([
      { type: 'upload', upload: 1, node: 1, name: 'a.txt', mimeType: 'text/plain' }
    ]);
    await settle();
    expect(pieces.map(({ offset }) => offset / SMALLEST)).toEqual([0, 1]);
    answer(SMALLEST);
    await settle();
    expect(pieces.length).toBe(3);
    expect(shares.at(-1)).toBeCloseTo(1 / 5.5);
    for (const have of [2, 3, 4, 5]) {
      answer(have * SMALLEST);
      await settle();
    }
    expect(pieces.length).toBe(6);
    answer(5.5 * SMALLEST, 'whole');
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
    begin(9 * SMALLEST);
    begin(9 * SMALLEST);
    await settle();
    expect(pieces.map(({ upload }) => upload)).toEqual([1, 2]);
    answer(SMALLEST, 'going', 2);
    await settle();
    // what one has freed is for the other
    expect(pieces.slice(2).map(({ upload }) => upload)).toEqual([1]);
  });

  test('pieces after a lost or damaged one are sent again, and nothing before it', async () => {
    const { begin, answer, sent } = sender();
    begin(9 * SMALLEST);
    await settle();
    expect(sent()).toEqual([0, 1]);
    answer(SMALLEST, 'again');
    await settle();
    expect(sent()).toEqual([1, 2]);
  });

  test('nothing goes while the line is lost; then it goes on where the kernel is', async () => {
    const { begin, answer, sent, line, uploads } = sender();
    const { shares } = begin(9 * SMALLEST);
    await settle();
    answer(2 * SMALLEST);
    await settle();
    sent();
    line.open = false;
    answer(3 * SMALLEST);
    await settle();
    expect(sent()).toEqual([]);
    line.open = true;
    uploads.resume();
    await settle();
    expect(sent()).toEqual([3, 4]);
    // the kernel had more than the page knew
    answer(6 * SMALLEST);
    await settle();
    expect(sent()).toEqual([6, 7]);
    expect(shares).toEqual([2 / 9, 3 / 9, 6 / 9]);
  });

  test('a silence is asked about, ever more patiently', async () => {
    const { begin, answer, sent, pieces, timers } = sender();
    begin(2 * SMALLEST);
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
    answer(SMALLEST, 'again');
    await settle();
    expect(sent()).toEqual([1]);
    answer(2 * SMALLEST);
    await settle();
    sent();
    // all is there but the kernel's word: an empty piece asks for it
    expect(timers.goOff()).toBe(STALL_MS);
    await settle();
    expect(sent()).toEqual([2]);
  });

  test('pieces grow with what the line carries, and shrink with it', async () => {
    const { begin, answer, line, pieces } = sender();
    line.pace = 0;
    begin(200 * CHUNK);
    await settle();
    let have = 0;
    const go = async (bytesPerMs: number, rounds: number): Promise<number[]> => {
      const sizes = [];
      for (let round = 0; round < rounds; round += 1) {
        const size = sizeOf(pieces.shift()!);
        sizes.push(size);
        line.time += size / bytesPerMs;
        have += size;
        answer(have);
        await settle();
      }
      return sizes;
    };
    // nobody knows the line yet: not more than a click can wait for, and twice as much each time
    const grown = await go(50_000, 12);
    expect(grown.slice(0, 4)).toEqual([SMALLEST, SMALLEST, 2 * SMALLEST, 2 * SMALLEST]);
    expect(grown.at(-1)).toBe(CHUNK);
    await go(50, 12);
    expect(pieces.map(sizeOf)).toEqual([SMALLEST, SMALLEST]);
    await go(50_000, 20);
    expect(pieces.map(sizeOf)).toContain(CHUNK);
  });

  test('a refusal ends it with the words of the kernel', async () => {
    const { begin, answer, uploads, counted } = sender();
    const { result } = begin(9 * SMALLEST);
    await settle();
    answer(0, 'refused', 1, 'Too large.');
    await expect(result).rejects.toThrow('Too large.');
    expect(uploads.size).toBe(0);
    expect(counted.length).toBe(1);
    answer(SMALLEST); // late, and nobody's
  });

  test('it is taken back by its signal, and the kernel is told', async () => {
    const { begin, pieces, uploads, counted, timers } = sender();
    const { result, stop } = begin(9 * SMALLEST);
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
    begin(9 * SMALLEST).stop.abort();
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
    const results = [begin(9 * SMALLEST), begin(9 * SMALLEST)].map(({ result }) => result);
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
    const { result } = begin(9 * SMALLEST);
    await settle();
    uploads.clear();
    await expect(result).rejects.toThrow('no kernel');
    expect(timers.waiting).toEqual([]);
  });

  test('of a large file only the pieces on their way are in memory', async () => {
    const { uploads, pieces } = sender();
    let read = 0;
    const file = {
      size: 1000 * SMALLEST,
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
  /** Pieces that the kernel has not sent yet. */
  const due: Due[] = [];
  const sizes = new Map<number, number>();
  const timers = new Timers();
  const line = { open: true, time: 0, pace: NARROW_MS };
  const downloads = new Downloads({
    send: message => {
      asked.push(message);
      due.push(...piecesOf(message, sizes.get(message.blob) ?? 0));
    },
    isOpen: () => line.open,
    later: timers.later,
    now: () => line.time
  });
  const part = (offset: number, chunk: Uint8Array<ArrayBuffer> | null, blob = 1): void => {
    line.time += line.pace;
    downloads.take({
      type: 'part',
      page: 'p' as PageId,
      blob: blob as BlobId,
      offset,
      chunk: chunk === null ? null : new Binary(chunk, '')
    });
  };
  /** Somebody looks at a value whose pieces come by {@link answer}. */
  const look = (size: number, blob = 1, listener = (): void => undefined): BlobReference => {
    const value = reference(size, blob);
    sizes.set(blob, size);
    downloads.watch(value, listener);
    return value;
  };
  /** The kernel answers what has been due for longest, over a line of so many bytes a millisecond. */
  const answer = (bytesPerMs = Infinity, bytes?: Uint8Array<ArrayBuffer>): void => {
    const { blob, offset, size } = due.shift()!;
    line.time += size / bytesPerMs;
    part(offset, bytes?.slice(offset, offset + size) ?? new Uint8Array(size), blob);
  };
  const onWay = (): number => due.reduce((sum, { size }) => sum + size, 0);
  /** Offsets, in pieces, asked for since the last call. */
  const offsets = (): number[] =>
    asked
      .splice(0)
      .flatMap(({ offset, count = 1 }) =>
        Array.from({ length: count }, (_, i) => offset / SMALLEST + i)
      );
  return { asked, due, timers, line, downloads, part, offsets, look, answer, onWay };
}

interface Due {
  readonly blob: number;
  readonly offset: number;
  readonly size: number;
}

function piecesOf(
  { blob, offset, count = 1, size = CHUNK }: Omit<Fetch, 'seq'>,
  end: number
): Due[] {
  return Array.from({ length: count }, (_, i) => offset + i * size)
    .filter(at => at < end)
    .map(at => ({ blob, offset: at, size: Math.min(size, end - at) }));
}

const reference = (size: number, blob = 1, name: string | null = 'a.bmp'): BlobReference =>
  new BlobReference(blob as BlobId, size, 'image/bmp', name);

describe('downloads', () => {
  test('a value is asked for when somebody looks, and put together in its order', async () => {
    const { downloads, part, offsets, timers } = fetcher();
    const bytes = bytesOf(5.5 * SMALLEST);
    const piece = (at: number) => bytes.slice(at * SMALLEST, (at + 1) * SMALLEST);
    const big = reference(bytes.length);
    expect(downloads.state(big)).toEqual({ share: 0, blob: null, gone: false });
    expect(offsets()).toEqual([]);
    let told = 0;
    downloads.watch(big, () => (told += 1));
    expect(offsets()).toEqual([0, 1]);
    part(SMALLEST, piece(1));
    expect(offsets()).toEqual([2]);
    expect(downloads.state(big).share).toBeCloseTo(1 / 5.5);
    for (const at of [0, 2, 2, 3, 4, 5]) {
      part(at * SMALLEST, piece(at));
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
    downloads.watch(reference(9 * SMALLEST, 1), () => undefined);
    expect(asked).toMatchObject([{ blob: 1, offset: 0, count: FEWEST }]);
    downloads.watch(reference(9 * SMALLEST, 2), () => undefined);
    expect(asked.length).toBe(1);
    downloads.take({
      type: 'part',
      page: 'p' as PageId,
      blob: 1 as BlobId,
      offset: 0,
      chunk: new Binary(new Uint8Array(SMALLEST), '')
    });
    expect(asked.at(-1)).toMatchObject({ blob: 2, offset: 0 });
  });

  test('on a line that carries many, one message asks for several that follow one another', () => {
    const { asked, downloads, due, line, look, answer, onWay } = fetcher();
    line.pace = 0;
    let told = 0;
    const big = look(200 * CHUNK, 1, () => (told += 1));
    const wanted = new Set<number>();
    let most = 0;
    for (let next = due[0]; next !== undefined; next = due[0]) {
      most = Math.max(most, onWay());
      expect(wanted.has(next.offset)).toBe(false);
      wanted.add(next.offset);
      answer();
    }
    expect(most).toBe(MOST * CHUNK);
    expect(asked.length).toBeLessThan(200 / 4);
    expect(downloads.state(big).blob?.size).toBe(big.size);
    // not of every piece: each time, something is drawn
    expect(told).toBeGreaterThan(90);
    expect(told).toBeLessThanOrEqual(101);
  });

  test('several that share the line share what is asked for', () => {
    const { asked, downloads, line, look, answer } = fetcher();
    line.pace = 0;
    const one = look(200 * CHUNK, 1);
    while (downloads.state(one).share < 0.7) {
      answer();
    }
    look(200 * CHUNK, 2);
    asked.splice(0);
    while (asked.length === 0 && downloads.state(one).blob === null) {
      answer();
    }
    expect(asked.map(({ blob }) => blob).sort()).toEqual([1, 2]);
    const [first = 0, second = 0] = asked.map(({ count = 1 }) => count);
    expect(Math.abs(first - second)).toBeLessThanOrEqual(1);
  });

  test('on a narrow line little is ever on its way, so that a click does not wait behind it', () => {
    const { downloads, due, line, look, answer, onWay, timers } = fetcher();
    line.pace = 0;
    const values = [look(1_500_000, 1), look(1_500_000, 2)];
    const ahead = [];
    let bytes = 0;
    while (due.length > 0) {
      ahead.push(onWay());
      bytes += due[0]!.size;
      answer(50); // 50 kB/s
    }
    expect(Math.max(...ahead)).toBe(FEWEST * SMALLEST);
    // the line was never empty, and nothing was sent twice
    expect(ahead.filter(each => each <= SMALLEST).length).toBeLessThanOrEqual(1);
    expect(bytes).toBe(3_000_000);
    expect(values.map(value => downloads.state(value).blob?.size)).toEqual([1_500_000, 1_500_000]);
    expect(timers.waiting).toEqual([]);
  });

  test('what is on its way follows a line that becomes narrow, and wide again', () => {
    const { line, look, answer, onWay } = fetcher();
    line.pace = 0;
    look(400 * CHUNK);
    const go = (bytesPerMs: number, rounds: number): void => {
      for (let round = 0; round < rounds; round += 1) {
        answer(bytesPerMs);
      }
    };
    go(50_000, 60);
    const wide = onWay();
    expect(wide).toBeGreaterThanOrEqual(FEWEST * CHUNK);
    go(50, 40);
    expect(onWay()).toBe(FEWEST * SMALLEST);
    go(50_000, 60);
    expect(onWay()).toBeGreaterThanOrEqual(FEWEST * CHUNK);
  });

  test('a part of a piece does not answer for it', () => {
    const { asked, due, line, look, answer, part } = fetcher();
    line.pace = 0;
    look(200 * CHUNK);
    while (due[0]!.size < 4 * SMALLEST) {
      answer();
    }
    asked.splice(0);
    const pieces = due.splice(0);
    pieces.forEach(({ offset }) => part(offset, new Uint8Array(SMALLEST)));
    expect(asked).toEqual([]);
    pieces.forEach(({ offset, size }) => part(offset, new Uint8Array(size)));
    expect(asked.length).toBeGreaterThan(0);
  });

  test('late pieces of another size than is asked for by now are taken where they belong', async () => {
    const { downloads, due, line, look, answer, offsets, timers } = fetcher();
    line.pace = 0;
    const bytes = bytesOf(3 * CHUNK + 5);
    const value = look(bytes.length);
    while (due[0]!.size < 4 * SMALLEST) {
      answer(Infinity, bytes);
    }
    const late = due.splice(0);
    const from = late[0]!.offset / SMALLEST;
    offsets();
    timers.goOff();
    // small ones, because nobody knows what has become of the line
    expect(offsets()).toEqual([from, from + 1]);
    due.unshift(late.shift()!);
    answer(Infinity, bytes);
    expect(offsets()[0]).toBe(from + 4);
    // the others come, too, and so do the answers to the small ones
    while (due.length > 0) {
      answer(Infinity, bytes);
    }
    const { blob } = downloads.state(value);
    expect(Buffer.from((await blob?.arrayBuffer()) as ArrayBuffer).equals(bytes)).toBe(true);
    expect(timers.waiting).toEqual([]);
  });

  test('what nobody looks at any more is fetched no further', () => {
    const { downloads, part, offsets, timers } = fetcher();
    const stop = downloads.watch(reference(9 * SMALLEST), () => undefined);
    offsets();
    stop();
    part(0, new Uint8Array(SMALLEST));
    expect(offsets()).toEqual([]);
    expect([downloads.size, timers.waiting.length]).toEqual([0, 0]);
  });

  test('after a lost connection, or a silence, what is missing is asked for again', () => {
    const { downloads, part, offsets, line, timers } = fetcher();
    downloads.watch(reference(5 * SMALLEST), () => undefined);
    part(SMALLEST, new Uint8Array(SMALLEST));
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
    part(0, new Uint8Array(SMALLEST));
    part(0, new Uint8Array(SMALLEST));
    expect(downloads.state(reference(5 * SMALLEST)).share).toBeCloseTo(2 / 5);
  });

  test('a value that the kernel has no more is gone, and so is one whose session ends', () => {
    const { downloads, part } = fetcher();
    const [one, two] = [reference(9 * SMALLEST), reference(9 * SMALLEST, 2)];
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
