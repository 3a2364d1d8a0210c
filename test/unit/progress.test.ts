// @vitest-environment node
import { describe, expect, test } from 'vitest';

import type { Fake, NodeId, ProgressUnit, TaskId } from '../../src/protocol/wire';
import {
  announcement,
  duration,
  fakeProgress,
  overall,
  quarter,
  shownProgress,
  words
} from '../../src/store/progress';
import type { TaskRecord } from '../../src/store/tasks';
import fc from './properties';

const RUNNING: TaskRecord = {
  id: 1 as TaskId,
  name: 'work',
  state: 'running',
  nodes: [1 as NodeId],
  showProgress: 'full',
  position: null,
  size: null,
  eta: null,
  since: 0,
  begun: 0,
  reportedAt: 0,
  units: [],
  fake: null
};
const QUEUED: TaskRecord = { ...RUNNING, state: 'queued', position: 1, size: 5 };

const unit = (fields: Partial<ProgressUnit>): ProgressUnit => ({
  index: null,
  length: null,
  unit: 'steps',
  progress: null,
  desc: null,
  ...fields
});
const steps = (index: number | null, length: number | null, desc: string | null = null) =>
  unit({ index, length, desc });
const running = (...units: ProgressUnit[]): TaskRecord => ({ ...RUNNING, units });
const faking = (fake: Partial<Fake>, ...outer: ProgressUnit[]): TaskRecord => ({
  ...running(...outer, unit({ progress: 0, desc: 'Training' })),
  fake: { start: 0, end: 1, estimatedMs: 0, ageMs: 0, ...fake }
});

describe('the curve of faked progress', () => {
  const SECONDS = [1, 2.5, 3, 4.25, 5, 10, 30, 60];

  test.each([
    [0, 100, 0, [9.52, 22.12, 25.92, 34.62, 39.35, 63.21, 95.02, 99.75]],
    [50, 100, 0, [54.76, 61.06, 62.96, 67.31, 69.67, 81.61, 97.51, 99.88]],
    [0, 50, 0, [4.76, 11.06, 12.96, 17.31, 19.67, 31.61, 47.51, 49.88]],
    [0, 80, 5000, [16, 40, 48, 62.87, 68.23, 79.03, 80, 80]],
    [40, 80, 5000, [48, 60, 64, 71.44, 74.11, 79.52, 80, 80]],
    [20, 90, 60_000, [21.17, 22.92, 23.5, 24.96, 25.83, 31.67, 55, 79.7]]
  ])('from %i to %i in %i ms', (start, end, estimate, wanted) => {
    SECONDS.forEach((seconds, index) => {
      const percent = 100 * fakeProgress(start / 100, end / 100, estimate, seconds * 1000);
      expect(Math.abs(percent - wanted[index]!), `after ${seconds} s`).toBeLessThanOrEqual(0.01);
    });
  });

  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const milliseconds = fc.double({ min: 0, max: 1e7, noNaN: true });
  const estimate = fc.oneof(
    milliseconds,
    fc.constantFrom(0, -5000, NaN, 1, 50, 99, 150),
    fc.double({ min: 1, max: 600, noNaN: true })
  );

  test('never passes its end, never falls, and does not leap', () => {
    fc.assert(
      fc.property(share, share, estimate, milliseconds, (start, end, expected, elapsed) => {
        const [before, now, after] = [-1, 0, 1].map(each =>
          fakeProgress(start, end, expected, Math.max(0, elapsed + each))
        ) as [number, number, number];
        expect(now).toBeGreaterThanOrEqual(start);
        expect(now).toBeLessThanOrEqual(Math.max(start, end));
        expect(now).toBeGreaterThanOrEqual(before);
        // at its steepest it would do the whole distance in the estimated time
        const most = Math.max(0, end - start) / (expected > 0 ? expected : 10_000);
        expect(after - now).toBeLessThanOrEqual(most * 1.000_001 + 1e-12);
      })
    );
  });

  test('begins where it should, whatever the clock says', () => {
    expect(fakeProgress(0.3, 0.8, 5000, 0)).toBe(0.3);
    expect(fakeProgress(0.3, 0.8, 5000, -1000)).toBe(0.3);
    expect(fakeProgress(0.8, 0.3, 5000, 60_000)).toBe(0.8);
  });
});

describe('one share for nested loops', () => {
  test.each<[string, ProgressUnit[], number | null]>([
    ['nothing is said', [], null],
    ['one loop', [steps(1, 4)], 0.25],
    ['a share', [unit({ progress: 0.7 })], 0.7],
    ['two loops', [steps(1, 4), steps(5, 10)], 0.375],
    ['three loops', [steps(1, 2), steps(0, 2), steps(1, 2)], 0.625],
    ['a share in a loop', [steps(2, 4), unit({ progress: 0.5 })], 0.625],
    ['an inner loop of unknown length', [steps(2, 4), steps(7, null)], 0.5],
    ['an outer loop of unknown length', [steps(2, null), steps(1, 4)], null],
    ['a loop of no steps', [steps(0, 0)], null],
    ['the end', [steps(4, 4), steps(3, 3)], 1],
    ['too far', [steps(9, 4)], 1],
    ['before the beginning', [unit({ progress: -1 })], 0]
  ])('%s', (_name, units, wanted) => expect(overall(units)).toBe(wanted));

  test('never falls while the loops go on', () => {
    const shares = [...Array(12).keys()].map(step =>
      overall([steps(Math.floor(step / 4), 3), steps(step % 4, 4)])
    );
    expect(shares).toEqual([...shares].sort((a, b) => a! - b!));
  });
});

describe('what a bar shows', () => {
  test('nothing is known of a task that waits, or of the first that runs', () => {
    expect(shownProgress({ ...QUEUED, eta: 5 }, 1000).share).toBeNull();
    expect(shownProgress(RUNNING, 1000)).toEqual({ share: null, measured: false });
  });

  test('what the function says is measured', () => {
    expect(shownProgress(running(steps(1, 4)), 1000)).toEqual({ share: 0.25, measured: true });
  });

  test('earlier runs give an estimate, which never says that it is over', () => {
    const task = { ...RUNNING, eta: 10 };
    expect(shownProgress(task, 5000)).toEqual({ share: 0.495, measured: false });
    expect(shownProgress(task, 1e9).share).toBeLessThanOrEqual(0.99);
  });

  test('faked progress is as old as it was, and older by the time since', () => {
    const task = { ...faking({ end: 0.8, estimatedMs: 5000, ageMs: 1000 }), reportedAt: 3000 };
    expect(shownProgress(task, 4500)).toEqual({ share: 0.4, measured: false });
  });

  test('faked progress inside a loop is a part of its step', () => {
    const task = faking({ estimatedMs: 10_000 }, steps(1, 2));
    expect(shownProgress(task, 5000).share).toBe(0.75);
  });
});

describe('words', () => {
  test.each<[string, TaskRecord, number, string]>([
    ['a place', QUEUED, 0, '2 of 5 in queue'],
    ['a place and a time', { ...QUEUED, eta: 12.3 }, 0, '2 of 5 in queue · about 12 s'],
    ['the time goes on', { ...QUEUED, eta: 12.3 }, 10_000, '2 of 5 in queue · about 2.3 s'],
    ['the time is over', { ...QUEUED, eta: 12.3 }, 60_000, '2 of 5 in queue · soon'],
    ['the first run', RUNNING, 2200, 'Working… · 2.2 s'],
    ['an estimate', { ...RUNNING, eta: 8 }, 2200, 'Working… · 2.2 s of about 8.0 s'],
    ['late', { ...RUNNING, eta: 8 }, 9400, 'Taking longer than estimated · 9.4 s'],
    ['a loop', running(steps(4, 8, 'Training')), 2200, 'Training 4/8 · 2.2 s · 50 %'],
    [
      'nested',
      running(steps(1, 4, 'Epoch'), steps(5, 10)),
      12_000,
      'Epoch 1/4 · 5/10 · 12 s · 38 %'
    ],
    ['other units', running(unit({ index: 3, unit: 'files' })), 0, '3 files · 0.0 s'],
    [
      'many',
      running(unit({ index: 1_234_567, length: 2e6, unit: 'B' })),
      0,
      '1.2M/2M B · 0.0 s · 62 %'
    ],
    ['a share alone', running(unit({ progress: 0.5 })), 0, 'Working… · 0.0 s · 50 %'],
    ['faked', faking({ estimatedMs: 10_000 }), 5000, 'Training · 5.0 s · about 50 %'],
    ['faked, unknown', faking({}), 1e5, 'Training · 1 min 40 s · about 100 %'],
    [
      'faked, late',
      faking({ estimatedMs: 5000 }),
      7000,
      'Training · Taking longer than estimated · 7.0 s'
    ],
    ['stopping', { ...RUNNING, state: 'stopping' }, 1000, 'Stopping…']
  ])('%s', (_name, task, now, wanted) => expect(words(task, now)).toBe(wanted));

  test.each([
    [-1, '0.0 s'],
    [9.94, '9.9 s'],
    [9.97, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [3599.6, '1 h 0 min'],
    [7500, '2 h 5 min']
  ])('%d seconds are %s', (seconds, wanted) => expect(duration(seconds)).toBe(wanted));
});

describe('announcements', () => {
  test('come at quarters', () => {
    const reached = [0, 24, 25, 49, 50, 99, 100].map(step => quarter(running(steps(step, 100)), 0));
    expect(reached).toEqual([0, 0, 1, 1, 2, 3, 4]);
    expect(quarter(RUNNING, 0)).toBeNull();
  });

  test.each<[TaskRecord, string]>([
    [QUEUED, '2 of 5 in queue'],
    [RUNNING, 'Working'],
    [running(steps(3, 10, 'Training')), 'Training, 25 percent'],
    [faking({ estimatedMs: 4000 }), 'Training, about 50 percent'],
    [{ ...RUNNING, state: 'stopping' }, 'Stopping']
  ])('%#', (task, wanted) => expect(announcement(task, 2000)).toBe(wanted));
});
