/** What has got no answer: asked for again, by either end, and never twice done. */
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/protocol/codec';
import type { Json } from '../../src/protocol/wire';
import { Bench, EPOCH, PAGE, frame, livePage, node, patch, welcome } from './support';

/** Frames sent since the last call, whole. */
function framesOf(bench: Bench): unknown[] {
  return bench.kernel.sent.splice(0).map(packet => packet.content);
}

const probe = (last: number, ack = 0): object => ({
  page: PAGE,
  ack,
  last,
  ask: true,
  messages: []
});

describe('a message that the kernel does not answer', () => {
  test('is asked about after a while, then ever more rarely', () => {
    const bench = livePage();
    bench.page.fire(node(3), 'click');
    framesOf(bench);
    const times: number[] = [];
    for (let second = 1; second <= 100; second += 1) {
      bench.clock.pass(1000);
      if (framesOf(bench).length > 0) {
        times.push(second);
      }
    }
    expect(times).toEqual([2, 6, 14, 30, 60, 90]);
  });

  test('is asked about without sending it again', () => {
    const bench = livePage();
    bench.page.fire(node(3), 'click');
    framesOf(bench);
    bench.clock.pass(2000);
    expect(framesOf(bench)).toEqual([probe(2)]);
  });

  test('is sent again, behind a hello, when the kernel says that it misses something', () => {
    const bench = livePage();
    bench.page.fire(node(3), 'click');
    bench.page.edit(node(1), { value: 'typed' });
    bench.sent();
    bench.kernel.deliver({ ...frame([], { [PAGE]: 1 }), missing: [PAGE, 'another'] });
    expect(bench.sent()).toMatchObject([
      { type: 'hello', seq: 1 },
      { type: 'event', seq: 2 }
    ]);
    // Once: the answer is on its way.
    bench.kernel.deliver({ ...frame([], { [PAGE]: 1 }), missing: [PAGE] });
    expect(bench.sent()).toEqual([]);
  });

  test('that another page misses is nothing to this one', () => {
    const bench = livePage();
    bench.page.fire(node(3), 'click');
    bench.sent();
    bench.kernel.deliver({ ...frame([]), missing: ['another'] });
    expect(framesOf(bench)).toEqual([]);
  });

  test('is forgotten once it is answered', () => {
    const bench = livePage();
    bench.page.fire(node(3), 'click');
    expect(bench.clock.ticking).toBe(1);
    bench.deliver([], 2);
    expect(bench.clock.ticking).toBe(0);
  });

  test('waits for nothing while the connection is lost, and starts over after it', () => {
    const bench = livePage();
    bench.page.fire(node(3), 'click');
    bench.kernel.turn('lost');
    expect(bench.clock.ticking).toBe(0);
    bench.kernel.turn('open');
    expect(bench.clock.ticking).toBe(1);
  });
});

describe('a hello that is not answered', () => {
  test('is said again', () => {
    const bench = new Bench();
    bench.page.start(null);
    expect(bench.sent()).toMatchObject([{ type: 'hello' }]);
    bench.clock.pass(2000);
    expect(bench.sent()).toMatchObject([{ type: 'hello' }]);
    bench.deliver([welcome()], 2);
    expect(bench.page.status).toEqual({ kind: 'live' });
    expect(bench.clock.ticking).toBe(0);
  });

  test('is said again when its welcome was lost and something else has come', () => {
    const bench = new Bench();
    bench.page.start(null);
    bench.sent();
    bench.deliver([], 1);
    expect(bench.sent()).toMatchObject([{ type: 'hello' }]);
  });
});

describe('what the page has not got', () => {
  test('is noticed by the count alone', () => {
    const bench = livePage();
    bench.kernel.deliver({ ...frame([]), last: 3 });
    expect(bench.sent()).toMatchObject([{ type: 'hello', epoch: EPOCH, seen: 0 }]);
  });

  test('is no reason to ask when it only cannot be read', () => {
    const bench = livePage();
    bench.deliver([{ type: 'later', seq: 1 }]);
    expect(bench.sent()).toEqual([]);
  });

  test('a welcome that newer messages have overtaken is ignored', () => {
    const bench = livePage();
    bench.deliver([patch(1, 1, { value: 'newer' })]);
    bench.kernel.deliver({ ...frame([welcome({ seq: 0 })]), last: 1 });
    expect(bench.value(1)).toBe('newer');
    expect(bench.sent()).toEqual([]);
  });

  test('the end of the session is believed whatever came before it', () => {
    const bench = livePage();
    bench.deliver([{ type: 'closed', seq: 9, reason: 'closed' }]);
    expect(bench.page.status).toEqual({ kind: 'closed', reason: 'closed' });
    expect(bench.clock.ticking).toBe(0);
  });
});

test('a page that is asked how far it is says so at once', () => {
  const bench = livePage();
  bench.kernel.deliver({ ...frame([patch(1, 1, { value: 'x' })]), ask: true });
  expect(framesOf(bench)).toEqual([{ page: PAGE, ack: 1, last: 1, messages: [] }]);
  expect(bench.clock.ticking).toBe(0);
});

test('a value that cannot be sent does not take its neighbours with it', () => {
  let deep: Json = 'x';
  for (let level = 0; level < 300; level += 1) {
    deep = [deep];
  }
  const bench = livePage();
  bench.page.fire(node(3), 'click');
  bench.sent();
  bench.page.edit(node(1), { value: deep }); // waits for the answer to the click
  expect(() => bench.page.fire(node(3), 'click')).toThrow(WireError);
  expect(bench.sent()).toMatchObject([{ type: 'event', seq: 3 }]);
  bench.deliver([], 3);
  expect(bench.page.outbox.pending).toBe(0);
});
