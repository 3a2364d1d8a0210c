/** An app on a page whose clock and kernel the test is. */
import { act, cleanup, render } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';

import type { Services } from '../../src/components/component';
import { App } from '../../src/host/App';
import { APP, livePage, patch, type Bench } from './support';

const SERVICES = { renderMarkdown: () => Promise.resolve() } as unknown as Services;

/** Of the app that is shown. */
export let bench: Bench;
let seq: number;

/** Draw an app, of which a welcome says this. */
export function draw(welcome: Readonly<Record<string, unknown>>): ReturnType<typeof render> {
  bench = livePage(welcome);
  seq = 0;
  return render(<App page={bench.page} services={SERVICES} />);
}

/** Draw the sample app; node 1 is where things happen. */
export function show(app: object = {}): ReturnType<typeof render> {
  return draw({ app: { ...APP, ...app } });
}

/** The kernel tells the page something. */
export const tell = (...messages: object[]): void =>
  act(() =>
    bench.deliver(
      messages.map(each => ({ ...each, seq: ++seq })),
      1_000_000
    )
  );

/** Messages that answer nothing the page has said. */
export const unasked = (...messages: object[]): void =>
  act(() => bench.deliver(messages.map(each => ({ ...each, seq: ++seq }))));

/** New props, in a frame of their own. */
export const change = (id: number, props: Readonly<Record<string, unknown>>): void => {
  tell(patch(0, id, props));
  act(() => bench.clock.frame());
};

/** Time passes, for the page's clock and its timers alike. */
export const pass = (milliseconds: number): void =>
  act(() => {
    for (let left = milliseconds; left > 0; left -= 100) {
      bench.clock.pass(Math.min(100, left));
      vi.advanceTimersByTime(Math.min(100, left));
    }
  });

export const find = (selector: string): HTMLElement | null => document.querySelector(selector);

/** Time stands but for {@link pass}, and nothing is left of an app after its test. */
export function useShown(): void {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    cleanup();
    vi.useRealTimers();
  });
}
