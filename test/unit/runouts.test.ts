// @vitest-environment node
import { beforeEach, describe, expect, test } from 'vitest';

import { RUN_OUT_MS, RunOuts } from '../../src/store/runouts';
import { Tasks, type TaskMessage } from '../../src/store/tasks';
import { Clock, node, started } from './support';

let clock: Clock;

beforeEach(() => {
  clock = new Clock();
});

/** Tasks of which 1 has ended well at nodes 1 and 2, where it was seen. */
function ended(isCalm = false): Tasks {
  const tasks = new Tasks(clock.now, { later: clock.later, isCalm: () => isCalm });
  apply(tasks, started(1, { nodes: [1, 2], eta: 1 }));
  clock.pass(500);
  apply(tasks, { type: 'done', task: 1 });
  return tasks;
}

const apply = (tasks: Tasks, message: object): void =>
  tasks.apply({ seq: 1, ...message } as TaskMessage);

const at = (tasks: Tasks): (number | undefined)[] =>
  [1, 2].map(id => tasks.status(node(id)).complete?.id);

describe('bars that run out', () => {
  test('are those of a task that ended well, for their time', () => {
    const tasks = ended();
    const told: number[] = [];
    [1, 2].forEach(id => tasks.subscribe(node(id), () => told.push(id)));
    expect(at(tasks)).toEqual([1, 1]);
    expect(clock.ticking).toBe(1);
    expect(tasks.all()).toEqual([]);
    clock.pass(RUN_OUT_MS - 1);
    expect(told).toEqual([]);
    clock.pass(1);
    expect(at(tasks)).toEqual([undefined, undefined]);
    expect(told).toEqual([1, 2]);
  });

  test('are not there for who wants no motion', () => {
    expect(at(ended(true))).toEqual([undefined, undefined]);
    expect(clock.ticking).toBe(0);
  });

  test('make room one by one, and leave no timer behind', () => {
    const tasks = ended();
    apply(tasks, started(2, { nodes: [1] }));
    expect(at(tasks)).toEqual([undefined, 1]);
    expect(clock.ticking).toBe(1);
    tasks.leave([node(2)]);
    expect(at(tasks)).toEqual([undefined, undefined]);
    expect(clock.ticking).toBe(0);
  });

  test('leave the next bar its own time', () => {
    const tasks = ended();
    apply(tasks, started(2, { nodes: [1, 2], eta: 1 }));
    clock.pass(250);
    apply(tasks, { type: 'done', task: 2 });
    expect(at(tasks)).toEqual([2, 2]);
    clock.pass(RUN_OUT_MS - 1);
    expect(at(tasks)).toEqual([2, 2]);
    expect(clock.ticking).toBe(1);
  });

  test.each([
    ['the page rests', (tasks: Tasks): void => tasks.rest()],
    ['the kernel is gone', (tasks: Tasks): void => tasks.clear()]
  ])('go at once when %s', (_, end) => {
    const tasks = ended();
    end(tasks);
    expect(at(tasks)).toEqual([undefined, undefined]);
    expect(clock.ticking).toBe(0);
  });

  test('of nowhere wait for nothing', () => {
    new RunOuts(clock.later).begin({ id: 1 } as never, [], () => undefined);
    expect(clock.ticking).toBe(0);
  });
});
