// @vitest-environment node
import { describe, expect, test } from 'vitest';

import { Binary, type ToKernel, type UploadId } from '../../src/protocol/wire';
import { Outbox } from '../../src/store/outbox';
import type { Schedule } from '../../src/store/store';
import { CHUNK, Uploads } from '../../src/store/uploads';
import { Clock, node } from './support';

/** An outbox whose frames are kept: each a list of `seq type …`. */
function bench(endOfTick: Schedule = send => send()) {
  const clock = new Clock();
  const frames: (readonly ToKernel[])[] = [];
  const outbox = new Outbox(messages => frames.push(messages), clock.schedule, endOfTick);
  const words = (message: ToKernel): string => {
    const what = message.type === 'set' ? `${message.node}${JSON.stringify(message.props)}` : '';
    return `${message.seq} ${message.type}${what}`;
  };
  const sent = (): string[][] => frames.splice(0).map(frame => frame.map(words));
  return { clock, outbox, frames, sent };
}

const set = (outbox: Outbox, id: number, value: string): void => outbox.set(node(id), { value });
const click = { type: 'event', node: node(3), name: 'click', data: null } as const;

describe('many messages in one tick', () => {
  test('the first goes at once, all that follow go together at the end', async () => {
    const { outbox, sent } = bench(queueMicrotask);
    outbox.push(click);
    outbox.push(click);
    set(outbox, 1, 'a');
    outbox.push(click);
    expect(sent()).toEqual([['1 event']]);
    await Promise.resolve();
    expect(sent()).toEqual([['2 event', '3 set1{"value":"a"}', '4 event']]);
    await Promise.resolve();
    outbox.push(click);
    expect(sent()).toEqual([['5 event']]);
  });

  test('a piece of a file waits for nobody, and overtakes nobody', () => {
    const { outbox, sent } = bench(queueMicrotask);
    outbox.push(click);
    outbox.push(click);
    outbox.push({
      type: 'upload',
      upload: 1 as UploadId,
      node: node(1),
      name: 'a',
      mimeType: '',
      size: 0,
      offset: 0,
      chunk: new Binary(new Uint8Array(), '')
    });
    expect(sent()).toEqual([['1 event'], ['2 event', '3 upload']]);
  });

  test('go once when the connection is lost in between, and not at all when the session is', async () => {
    const { outbox, sent } = bench(queueMicrotask);
    outbox.push(click);
    outbox.push(click);
    outbox.resend();
    expect(sent()).toEqual([['1 event'], ['1 event', '2 event']]);
    outbox.push(click);
    outbox.clear();
    await Promise.resolve();
    expect(sent()).toEqual([]);
  });
});

describe('edits', () => {
  test('the first goes at once, further ones when the kernel has answered, as one', () => {
    const { outbox, sent } = bench();
    set(outbox, 1, 'a');
    set(outbox, 1, 'ab');
    set(outbox, 1, 'abc');
    expect(sent()).toEqual([['1 set1{"value":"a"}']]);
    outbox.acknowledge(1);
    expect(sent()).toEqual([['2 set1{"value":"abc"}']]);
    outbox.acknowledge(2);
    expect(sent()).toEqual([]);
    expect(outbox.pending).toBe(0);
  });

  test('go with the frame when the kernel is slow, once a frame', () => {
    const { clock, outbox, sent } = bench();
    set(outbox, 1, 'a');
    sent();
    for (const text of ['b', 'c', 'd']) {
      set(outbox, 1, `${text}1`);
      set(outbox, 1, `${text}2`);
      clock.frame();
    }
    expect(sent().flat()).toEqual([
      '2 set1{"value":"b2"}',
      '3 set1{"value":"c2"}',
      '4 set1{"value":"d2"}'
    ]);
    clock.frame();
    expect(sent()).toEqual([]);
    expect(clock.idle).toBe(true);
  });

  test('of several props and nodes are kept apart', () => {
    const { clock, outbox, sent } = bench();
    set(outbox, 1, 'a');
    outbox.set(node(1), { open: true });
    set(outbox, 2, 'b');
    outbox.set(node(1), { open: false, value: 'c' });
    clock.frame();
    expect(sent().flat().slice(1)).toEqual([
      '2 set1{"open":false,"value":"c"}',
      '3 set2{"value":"b"}'
    ]);
  });

  test('go before what happened after them, in one frame', () => {
    const { outbox, sent } = bench();
    set(outbox, 1, 'a');
    set(outbox, 1, 'b');
    expect(outbox.push(click)).toBe(3);
    expect(sent()).toEqual([['1 set1{"value":"a"}'], ['2 set1{"value":"b"}', '3 event']]);
    set(outbox, 1, 'c');
    outbox.acknowledge(3);
    expect(sent()).toEqual([['4 set1{"value":"c"}']]);
  });
});

describe('holds', () => {
  test('from the edit until the kernel answers a message that came after it', () => {
    const { outbox } = bench();
    const holds = (acked: number, prop = 'value'): boolean => outbox.holds(node(1), prop, acked);
    expect(holds(0)).toBe(false);
    set(outbox, 1, 'a');
    expect([holds(0), holds(1), holds(0, 'label')]).toEqual([true, false, false]);
    expect(outbox.holds(node(2), 'value', 0)).toBe(false);
    set(outbox, 1, 'b');
    // waits to be sent: whatever the kernel has answered, it does not know of it
    expect(holds(99)).toBe(true);
    outbox.acknowledge(1);
    expect([holds(1), holds(2)]).toEqual([true, false]);
    outbox.acknowledge(2);
    expect(holds(1)).toBe(false);
  });
});

describe('after a lost connection', () => {
  const hello = { type: 'hello', protocol: 1, epoch: 'e', seen: 4 } as const;

  test('a hello goes first and what was not answered follows under its old numbers', () => {
    const { outbox, sent } = bench();
    outbox.push(click);
    outbox.push(click);
    outbox.push(click);
    outbox.acknowledge(1);
    sent();
    outbox.resend([hello]);
    expect(sent()).toEqual([['1 hello', '2 event', '3 event']]);
    outbox.acknowledge(3);
    outbox.resend([hello]);
    expect(sent()).toEqual([['4 hello']]);
    outbox.push(click);
    expect(sent()).toEqual([['5 event']]);
  });

  test('edits that waited are sent after it', () => {
    const { clock, outbox, sent } = bench();
    set(outbox, 1, 'a');
    set(outbox, 1, 'b');
    sent();
    outbox.resend([hello]);
    clock.frame();
    expect(sent()).toEqual([['0 hello', '1 set1{"value":"a"}'], ['2 set1{"value":"b"}']]);
  });
});

describe('room', () => {
  test('is there when few enough wait, in the order it was asked for', async () => {
    const { outbox } = bench();
    const order: string[] = [];
    outbox.push(click);
    outbox.push(click);
    const first = outbox.room(1).then(() => order.push('one'));
    const second = outbox.room(2).then(() => order.push('two'));
    await outbox.room(3);
    expect(order).toEqual([]);
    outbox.acknowledge(1);
    await second;
    expect(order).toEqual(['two']);
    outbox.acknowledge(2);
    await first;
    expect(order).toEqual(['two', 'one']);
  });

  test('never comes when the session is gone', async () => {
    const { outbox } = bench();
    outbox.push(click);
    const asked = outbox.room(1);
    outbox.clear();
    await expect(asked).rejects.toThrow('no kernel');
    expect(outbox.pending).toBe(0);
    await outbox.room(1);
  });
});

describe('uploads', () => {
  type Piece = Extract<ToKernel, { type: 'upload' }>;

  function upload(size: number, name?: string) {
    const { outbox, frames } = bench();
    const uploads = new Uploads(outbox);
    const bytes = new Uint8Array(size);
    // pieces that differ, so that their order shows
    for (let i = 0; i < size; i += 1000) {
      bytes[i] = i / 1000;
    }
    const file: Blob & { name?: string } = new Blob([bytes], { type: 'text/plain' });
    if (name !== undefined) {
      file.name = name;
    }
    // jsdom's Blob has no arrayBuffer
    file.slice = (from, to) =>
      ({ arrayBuffer: () => Promise.resolve(bytes.slice(from, to).buffer) }) as Blob;
    const shares: number[] = [];
    const result = uploads.send(node(1), file, share => shares.push(share));
    result.catch(() => undefined);
    const pieces = (): Piece[] => frames.flat() as Piece[];
    return { outbox, uploads, bytes, result, shares, pieces };
  }

  const settle = async (): Promise<void> => {
    // every await in a transfer is a microtask; a macrotask comes after all of them
    await new Promise(resolve => setImmediate(resolve));
  };

  test('a file goes in pieces, a few at a time, and arrives whole', async () => {
    const { outbox, uploads, bytes, result, shares, pieces } = upload(5.5 * CHUNK, 'a.txt');
    await settle();
    expect(pieces().map(piece => piece.offset / CHUNK)).toEqual([0, 1, 2, 3]);
    outbox.acknowledge(1);
    await settle();
    expect(pieces().length).toBe(5);
    outbox.acknowledge(5);
    await settle();
    expect(shares.at(-1)).toBe(1);
    let ended = false;
    void result.then(() => (ended = true));
    await settle();
    expect(ended).toBe(false);
    outbox.acknowledge(6);
    expect(await result).toEqual({ upload: 1 });
    expect(pieces()[0]).toMatchObject({
      upload: 1,
      node: 1,
      name: 'a.txt',
      mimeType: 'text/plain',
      size: bytes.length
    });
    const whole = Buffer.concat(pieces().map(piece => (piece.chunk as Binary).data));
    expect(whole.equals(bytes)).toBe(true);
    expect(uploads.refuse(3, 'late')).toBe(false);
  });

  test('an empty file is one empty piece', async () => {
    const { outbox, result, shares, pieces } = upload(0);
    await settle();
    expect(pieces()).toMatchObject([{ size: 0, offset: 0, name: 'file' }]);
    outbox.acknowledge(1);
    expect(await result).toEqual({ upload: 1 });
    expect(shares).toEqual([1]);
  });

  test('a refusal ends it with the words of the kernel', async () => {
    const { outbox, uploads, result, pieces } = upload(9 * CHUNK);
    await settle();
    expect(uploads.refuse(99, 'not mine')).toBe(false);
    expect(uploads.refuse(2, 'Too large.')).toBe(true);
    outbox.acknowledge(2);
    await expect(result).rejects.toThrow('Too large.');
    expect(pieces().length).toBe(4);
  });

  test("pieces behind a refused one are refused too, and are nobody else's", async () => {
    const { outbox, uploads, result } = upload(9 * CHUNK);
    await settle();
    uploads.refuse(1, 'Too large.');
    outbox.acknowledge(1);
    await expect(result).rejects.toThrow('Too large.');
    expect(uploads.refuse(4, 'late')).toBe(true);
    outbox.acknowledge(4);
    await settle();
    expect(uploads.refuse(4, 'late')).toBe(false);
  });

  test('the end of the session while those are awaited is no error', async () => {
    const { outbox, uploads, result } = upload(9 * CHUNK);
    await settle();
    uploads.refuse(1, 'Too large.');
    outbox.acknowledge(1);
    await expect(result).rejects.toThrow('Too large.');
    outbox.clear();
    await settle();
    expect(uploads.refuse(4, 'late')).toBe(false);
  });

  test('a refusal of the last piece is heard too', async () => {
    const { outbox, uploads, result } = upload(10);
    await settle();
    uploads.refuse(1, 'Not a picture.');
    outbox.acknowledge(1);
    await expect(result).rejects.toThrow('Not a picture.');
  });

  test('the end of the session ends it', async () => {
    const { outbox, result } = upload(9 * CHUNK);
    await settle();
    outbox.clear();
    await expect(result).rejects.toThrow('no kernel');
  });
});
