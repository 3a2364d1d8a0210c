// @vitest-environment node
import { describe, expect, test } from 'vitest';

import type { ToKernel } from '../../src/protocol/wire';
import { Outbox } from '../../src/store/outbox';
import type { Schedule } from '../../src/store/store';
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

  test('what goes another way does not overtake them', async () => {
    const { outbox, sent } = bench(queueMicrotask);
    outbox.push(click);
    outbox.push(click);
    outbox.catchUp();
    expect(sent()).toEqual([['1 event'], ['2 event']]);
    outbox.catchUp();
    await Promise.resolve();
    expect(sent()).toEqual([]);
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
