/** The cases by which Dara tests its progress tracker, here at a text and at a component in Python. */
import { act, cleanup, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Services } from '../../src/components/component';
import { App } from '../../src/host/App';
import { fakeProgress } from '../../src/store/progress';
import { livePage, node, progress, started, type Bench } from './support';

const SERVICES = { renderMarkdown: () => Promise.resolve() } as unknown as Services;

/** A page with a text, and a component in Python whose placeholder is a text. */
const NODES = [
  { id: node(0), kind: 'blocks', props: {}, children: [node(1), node(2)] },
  { id: node(1), kind: 'text', props: { value: 'former' } },
  { id: node(2), kind: 'column', props: { showProgress: true }, children: [node(3)] },
  { id: node(3), kind: 'text', props: { value: '' } }
];

let bench: Bench;
let seq: number;

beforeEach(() => {
  vi.useFakeTimers();
  bench = livePage({ nodes: NODES });
  seq = 0;
  render(<App page={bench.page} services={SERVICES} />);
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const tell = (...messages: object[]): void =>
  act(() =>
    bench.deliver(
      messages.map(each => ({ ...each, seq: ++seq })),
      1_000_000
    )
  );

const pass = (milliseconds: number): void =>
  act(() => {
    for (let left = milliseconds; left > 0; left -= 100) {
      bench.clock.pass(Math.min(100, left));
      vi.advanceTimersByTime(Math.min(100, left));
    }
  });

const bar = (): HTMLElement | null => document.querySelector('.ib-Status [role=progressbar]');
const line = (): string => document.querySelector('.ib-Status-line')?.textContent ?? '';
const percent = (): number => parseFloat((bar()!.firstElementChild as HTMLElement).style.width);

/** `send_update` of task 1. */
const update = (percents: number, desc: string): void =>
  tell(progress(1, [{ progress: percents / 100, desc }]));

/** `fake_progress` of task 1, without an estimate. */
const fake = (from: number, to: number, desc = 'Faking progress'): void =>
  tell(
    progress(1, [{ progress: from / 100, desc }], {
      start: from / 100,
      end: to / 100,
      estimatedMs: 0,
      ageMs: 0
    })
  );

/** Five times a tenth of a second: the bar, each time. */
function fiveSteps(): number[] {
  return [1, 2, 3, 4, 5].map(() => {
    pass(100);
    return percent();
  });
}

function expectRising(shown: readonly number[], from: number): void {
  shown.reduce((before, now) => {
    expect(now).toBeGreaterThan(before);
    return now;
  }, from);
}

/** What is measured replaces what was guessed, and stays. */
function expectMeasured(percents: number): void {
  update(percents, 'Measured');
  expect(percent()).toBe(percents);
  expect(line()).toContain('Measured');
  pass(30_000);
  expect(percent()).toBe(percents);
}

const runSteps = (): void =>
  [1, 2, 3, 4].forEach(step => {
    update(25 * step, `Step ${step}`);
    expect(line()).toContain(`Step ${step} `);
    expect(percent()).toBe(25 * step);
    pass(100);
  });

describe('a text that tracks progress', () => {
  test('without a task shows its value', () => {
    expect(screen.getByText('former')).toBeDefined();
    expect(bar()).toBeNull();
  });

  test('says that something goes on before it is told more', () => {
    tell(started(1));
    expect(line()).toContain('Working…');
    expect(bar()!.hasAttribute('aria-valuenow')).toBe(false);
    expect(screen.getByText('former')).toBeDefined();
  });

  test('shows each step', () => {
    tell(started(1));
    runSteps();
  });

  test('fakes from where it was, ever slower, and stops at the next report', () => {
    tell(started(1));
    update(50, 'Half');
    fake(50, 100);
    expect(percent()).toBe(50);
    expect(line()).toContain('Faking progress');
    expectRising(fiveSteps(), 50);
    pass(60_000);
    expect(percent()).toBeGreaterThan(95);
    expect(percent()).toBeLessThan(100);
    expectMeasured(99);
  });

  test('fakes to where it is told, and no further', () => {
    tell(started(1));
    fake(0, 50);
    expectRising(fiveSteps(), 0);
    pass(90_000);
    expect(percent()).toBeGreaterThan(45);
    expect(percent()).toBeLessThanOrEqual(50);
    expectMeasured(99);
  });

  test('fakes on from a value that was faked', () => {
    tell(started(1));
    fake(0, 50);
    pass(2000);
    const reached = percent();
    fake(100 * fakeProgress(0, 0.5, 0, 2000), 90, 'Further');
    expect(percent()).toBeCloseTo(reached, 0);
    expect(line()).toContain('Further');
    expectRising(fiveSteps(), reached - 0.1);
    pass(90_000);
    expect(percent()).toBeGreaterThan(85);
    expect(percent()).toBeLessThanOrEqual(90);
    expectMeasured(99);
  });

  test('is what it was when it is cancelled, and begins anew', () => {
    tell(started(1));
    runSteps();
    tell({ type: 'failed', task: 1, code: 'cancelled', message: '', detail: null });
    expect(bar()).toBeNull();
    expect(screen.getByText('former')).toBeDefined();
    tell(started(1));
    expect(line()).toContain('Working…');
    runSteps();
  });
});

test('a component in Python says how far it is, and then shows what it is', () => {
  expect(bar()).toBeNull();
  tell(started(1, { nodes: [2] }));
  expect(line()).toContain('Working…');
  runSteps();
  const column = {
    id: node(2),
    kind: 'column',
    props: { showProgress: true },
    children: [node(4)]
  };
  const result = { id: node(4), kind: 'text', props: { value: 'the result' } };
  tell({ type: 'graft', removed: [3], nodes: [column, result] }, { type: 'done', task: 1 });
  expect(screen.getByText('the result')).toBeDefined();
  expect(line()).toBe('');
  pass(300);
  expect(bar()).toBeNull();
});
