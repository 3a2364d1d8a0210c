/** Pictures of a running camera: sent one after the other, never faster than the kernel takes them. */
import { act, fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Binary, Json } from '../../src/protocol/wire';
import { draw, type Drawn } from './drawing';
import { node } from './support';

const stopped = vi.fn();
let taken: string[];
let bytes: number;

beforeEach(() => {
  vi.useFakeTimers();
  taken = [];
  bytes = 3;
  stopped.mockReset();
  Object.defineProperty(navigator, 'mediaDevices', {
    value: { getUserMedia: () => Promise.resolve({ getTracks: () => [{ stop: stopped }] }) },
    configurable: true
  });
  // jsdom has neither pictures nor the bytes of files.
  URL.createObjectURL = () => 'blob:1';
  URL.revokeObjectURL = () => undefined;
  HTMLCanvasElement.prototype.getContext = (() => null) as never;
  HTMLCanvasElement.prototype.toBlob = function (give, type = 'image/png') {
    taken.push(type);
    give(new Blob(['x'.repeat(bytes)], { type }));
  };
  Blob.prototype.arrayBuffer = function () {
    return Promise.resolve(new Uint8Array(this.size).fill(taken.length).buffer);
  };
});

afterEach(() => {
  vi.useRealTimers();
  Reflect.deleteProperty(navigator, 'mediaDevices');
});

const button = (name: string): HTMLButtonElement => screen.getByRole('button', { name });
const said = (): string =>
  document.querySelector('.ib-Camera-state')?.textContent ?? 'no stream at all';

const pass = (milliseconds: number): Promise<unknown> =>
  act(() => vi.advanceTimersByTimeAsync(milliseconds));

/** Draw an image whose `stream` is listened to, with the camera on. */
async function stream(
  rate: { every: number; timeLimit: number | null } | null,
  props: Readonly<Record<string, Json>> = {}
): Promise<Drawn> {
  const view = draw('image', { sources: ['webcam'], ...props }, rate === null ? [] : ['stream']);
  if (rate !== null) {
    const nodes = [{ id: 1, kind: 'image', props: { sources: ['webcam'], ...props } }];
    const graft = {
      removed: [],
      nodes: nodes.map(n => ({ ...n, events: ['stream'], stream: rate }))
    };
    act(() => view.bench.page.store.graft([], graft.nodes as never));
  }
  fireEvent.click(button('Use the camera'));
  await pass(0);
  fireEvent.loadedData(screen.getByLabelText('Camera'));
  return view;
}

/** The kernel has taken what was sent. */
const answer = (view: Drawn): Promise<void> =>
  act(async () => {
    view.sent();
    view.bench.deliver([], view.bench.page.outbox.last);
    await vi.advanceTimersByTimeAsync(0);
  });

/** Bytes of the picture that is the value. */
function shown(view: Drawn): number[] {
  const { value } = view.bench.page.store.node(node(1))!.props as { value: Binary | null };
  return [...(value?.data ?? [])];
}

test('a picture goes with its value, and the next one when the time has come', async () => {
  const view = await stream({ every: 0.2, timeLimit: null });
  expect(said()).toBe('');
  fireEvent.click(button('Start'));
  await pass(0);
  expect(said()).toBe('Streaming');
  expect(view.sent()).toMatchObject([
    { type: 'set', node: 1, props: { value: { $buffer: 0, mimeType: 'image/jpeg' } } },
    { type: 'event', node: 1, name: 'stream' }
  ]);
  await answer(view);
  expect(taken).toEqual(['image/jpeg']);
  await pass(199);
  expect(taken).toHaveLength(1);
  await pass(1);
  expect(taken).toHaveLength(2);
});

test('a kernel that takes its time is waited for, and gets the picture of that moment', async () => {
  const view = await stream({ every: 0.2, timeLimit: null });
  fireEvent.click(button('Start'));
  await pass(5000);
  expect(taken).toHaveLength(1);
  await answer(view);
  expect(taken).toHaveLength(2);
  expect(shown(view)).toEqual([2, 2, 2]);
  await answer(view);
  expect(taken).toHaveLength(2);
  await pass(200);
  expect(taken).toHaveLength(3);
});

test('Stop stops, and Start starts again', async () => {
  const view = await stream({ every: 0.2, timeLimit: 60 });
  await pass(5000);
  const timers = vi.getTimerCount();
  fireEvent.click(button('Start'));
  await pass(0);
  fireEvent.click(button('Stop'));
  await answer(view);
  await pass(5000);
  expect(taken).toHaveLength(1);
  expect(said()).toBe('');
  expect(stopped).not.toHaveBeenCalled();
  fireEvent.click(button('Start'));
  await pass(0);
  expect(taken).toHaveLength(2);
  fireEvent.click(button('Close'));
  await answer(view);
  await pass(5000);
  expect(taken).toHaveLength(2);
  expect(stopped).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(timers);
});

test('the time limit ends it and says so, also while the kernel is waited for', async () => {
  const view = await stream({ every: 0.2, timeLimit: 3 });
  fireEvent.click(button('Start'));
  await pass(2999);
  expect(said()).toBe('Streaming');
  await pass(1);
  expect(said()).toBe('Stopped after 3.0 s, its time limit.');
  await answer(view);
  await pass(5000);
  expect(taken).toHaveLength(1);
  fireEvent.click(button('Start'));
  await pass(0);
  expect(said()).toBe('Streaming');
  expect(taken).toHaveLength(2);
});

test('a kernel that is gone ends it and says so', async () => {
  const view = await stream({ every: 0.2, timeLimit: null });
  fireEvent.click(button('Start'));
  await pass(0);
  await act(async () => {
    view.bench.page.outbox.clear();
    await vi.advanceTimersByTimeAsync(0);
  });
  expect(said()).toBe('Stopped: The app has no kernel any more.');
  expect(button('Start')).toBeTruthy();
});

test('with nobody listening it still becomes the value, twice a second', async () => {
  const view = await stream(null, { streaming: true });
  fireEvent.click(button('Start'));
  await pass(0);
  expect(view.sent().map(({ type }) => type)).toEqual(['set']);
  await answer(view);
  await pass(499);
  expect(taken).toHaveLength(1);
  await pass(1);
  expect(taken).toHaveLength(2);
});

test('without a stream the camera takes one picture', async () => {
  await stream(null);
  expect(said()).toBe('no stream at all');
  expect(button('Take the picture')).toBeTruthy();
});

test('a long stream leaves nothing behind at its signal', async () => {
  const added = vi.spyOn(AbortSignal.prototype, 'addEventListener');
  const removed = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
  const view = await stream({ every: 0.2, timeLimit: null });
  fireEvent.click(button('Start'));
  for (let i = 0; i < 5; i += 1) {
    bytes = i % 2 === 0 ? 3 : 2 << 20;
    await pass(200);
    const upload = view.sent().find(({ type }) => type === 'upload');
    if (upload !== undefined) {
      await act(async () => {
        view.bench.page.files.uploads.take({
          ...upload,
          type: 'received',
          received: bytes,
          state: 'whole',
          message: null
        } as never);
        await vi.advanceTimersByTimeAsync(0);
      });
    }
    await answer(view);
  }
  expect(taken.length).toBeGreaterThan(4);
  expect(added.mock.calls.length - removed.mock.calls.length).toBeLessThanOrEqual(1);
  vi.restoreAllMocks();
});

test('a large picture on its way when the stream is stopped is taken back: functions would wait for it', async () => {
  const view = await stream({ every: 0.2, timeLimit: null });
  bytes = 2 << 20;
  fireEvent.click(button('Start'));
  await pass(0);
  const [upload] = view.sent();
  expect(upload).toMatchObject({ type: 'upload', node: 1 });
  fireEvent.click(button('Stop'));
  await pass(0);
  expect(view.sent().filter(({ type }) => type !== 'piece')).toMatchObject([{ type: 'abandon' }]);
  expect(said()).toBe('');
});
