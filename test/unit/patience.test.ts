import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { livePage, node, type Bench } from './support';

let bench: Bench;

beforeEach(() => {
  bench = livePage();
  Object.assign(bench.kernel, { waits: true });
});

afterEach(() => {
  bench.page.close();
  expect(bench.clock.ticking).toBe(0);
});

test('a click that a busy kernel does not come to is worth a word, until it is answered', () => {
  const told = vi.fn();
  bench.page.subscribeStatus(told);
  bench.page.fire(node(3), 'click');
  bench.clock.pass(999);
  expect(bench.page.isWaiting).toBe(false);
  bench.clock.pass(1);
  expect(bench.page.isWaiting).toBe(true);
  expect(told).toHaveBeenCalledOnce();
  bench.deliver([], bench.page.outbox.last);
  expect(bench.page.isWaiting).toBe(false);
  expect(told).toHaveBeenCalledTimes(2);
});

test('one that is answered in time is not', () => {
  bench.page.fire(node(3), 'click');
  bench.deliver([], bench.page.outbox.last);
  bench.clock.pass(5000);
  expect(bench.page.isWaiting).toBe(false);
});

test('nor one that a kernel has not answered for another reason', () => {
  bench.page.fire(node(3), 'click');
  Object.assign(bench.kernel, { waits: false });
  bench.clock.pass(1000);
  expect(bench.page.isWaiting).toBe(false);
});

test('nobody waits for a kernel that is gone', () => {
  bench.page.fire(node(3), 'click');
  bench.clock.pass(1000);
  bench.kernel.turn('dead');
  expect(bench.page.isWaiting).toBe(false);
});

test('where nobody tells whether the kernel is busy, it is when it does not answer, and is asked', () => {
  Object.assign(bench.kernel, { waits: null });
  bench.page.fire(node(3), 'click');
  const before = bench.kernel.sent.length;
  bench.clock.pass(1000);
  expect(bench.page.isWaiting).toBe(true);
  bench.clock.pass(1000);
  expect(bench.kernel.sent.length).toBe(before + 1);
  bench.deliver([], bench.page.outbox.last);
  expect(bench.page.isWaiting).toBe(false);
});
