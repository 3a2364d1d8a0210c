// @vitest-environment node
/** What a page does with news of tasks that run: progress, changes in values, grafts, js steps, the log. */
import { describe, expect, test, vi } from 'vitest';

import type { Json, Node, NodeId, TaskId } from '../../src/protocol/wire';
import { shownProgress, words } from '../../src/store/progress';
import type { NodeStatus, TaskRecord } from '../../src/store/tasks';
import type { Bench } from './support';
import {
  EPOCH,
  livePage,
  node,
  NODES,
  PAGE,
  patch,
  progress,
  queued,
  started,
  waiting,
  welcome
} from './support';

/** A live page that numbers what it is told. */
function live(fields: object = {}): { bench: Bench; tell: (...messages: object[]) => void } {
  const bench = livePage({ ...fields });
  let seq = 0;
  return {
    bench,
    tell: (...messages) => bench.deliver(messages.map(each => ({ ...each, seq: ++seq })))
  };
}

const edited = (id: number, edits: object, props = {}): object => ({
  type: 'patch',
  updates: [{ node: id, props, edits }]
});
const append = (text: string): object[] => [{ op: 'append', path: [], value: text }];

function at(bench: Bench, id = 1): TaskRecord {
  return bench.page.tasks.status(node(id)).task!;
}

describe('progress', () => {
  test('of a task that is not known is ignored', () => {
    const { bench, tell } = live();
    tell(progress(7, [{ index: 1 }]), { type: 'stopping', task: 7 });
    expect(bench.page.tasks.all()).toEqual([]);
    expect(bench.sent()).toEqual([]);
  });

  test('is the last that was said, at the time it was said', () => {
    const { bench, tell } = live();
    tell(started(1, { eta: 4 }));
    bench.clock.time = 1500;
    tell(progress(1, [{ index: 1, length: 4 }]), progress(1, [{ index: 2, length: 4 }]));
    expect(at(bench)).toMatchObject({ since: 0, reportedAt: 1500, units: [{ index: 2 }] });
    tell(progress(1, []));
    expect(shownProgress(at(bench), 2000).measured).toBe(false);
  });

  test('goes on while the task is stopping', () => {
    const { bench, tell } = live();
    tell(started(1), { type: 'stopping', task: 1 }, progress(1, [{ index: 1, length: 2 }]));
    expect(at(bench)).toMatchObject({ state: 'stopping', units: [{ index: 1 }] });
  });

  test('begins anew when the task starts, and its wait is not forgotten', () => {
    const { bench, tell } = live();
    tell(queued(1, { eta: 9 }));
    bench.clock.time = 3000;
    tell(queued(1, { eta: 5 }));
    expect(at(bench)).toMatchObject({ since: 0, reportedAt: 3000, eta: 5 });
    bench.clock.time = 4000;
    tell(started(1));
    expect(at(bench)).toMatchObject({ since: 4000, begun: 0, eta: null, position: null });
  });

  test('is restored by a welcome in the middle of a run', () => {
    const bench = livePage();
    bench.clock.time = 50_000;
    const units = [{ index: 1, length: 4, unit: 'steps', progress: 0.25, desc: 'Step' }];
    const fake = { start: 0, end: 0.8, estimatedMs: 10_000, ageMs: 4000 };
    bench.deliver([
      welcome({
        tasks: [
          waiting(1, 'running', { units, elapsed: 12 }),
          waiting(2, 'running', { nodes: [2], fake, elapsed: 4 }),
          waiting(3, 'queued', { nodes: [3], position: 1, size: 3, eta: 6, elapsed: 2 })
        ]
      })
    ]);
    bench.clock.time = 51_000;
    expect(words(at(bench), 51_000)).toBe('Step 1/4 · 13 s · 25 %');
    expect(shownProgress(at(bench, 2), 51_000).share).toBeCloseTo(0.4);
    expect(words(at(bench, 3), 51_000)).toBe('2 of 3 in queue · about 5.0 s');
  });
});

describe('generating', () => {
  const generating = (bench: Bench): boolean => bench.page.tasks.status(node(1)).generating;

  test('is a value that comes while its task runs', () => {
    const { bench, tell } = live();
    tell(queued(1), patch(0, 1, { value: 'not of this task' }));
    expect(generating(bench)).toBe(false);
    tell(started(1), patch(0, 1, { label: 'no value' }), patch(0, 2, { value: 'elsewhere' }));
    expect(generating(bench)).toBe(false);
    tell(patch(0, 1, { value: 'b' }));
    expect(generating(bench)).toBe(true);
    tell({ type: 'done', task: 1 }, started(2));
    expect(generating(bench)).toBe(false);
    tell(patch(0, 1, { value: 'c' }), started(3));
    expect(generating(bench)).toBe(false);
  });

  test('is told once, to the node alone', () => {
    const { bench, tell } = live();
    tell(started(1));
    const [here, all] = [vi.fn(), vi.fn()];
    bench.page.tasks.subscribe(node(1), here);
    bench.page.tasks.subscribeAll(all);
    tell(...'abc'.split('').map(each => edited(1, { value: append(each) })));
    expect(bench.value(1)).toBe('aabc');
    expect(here).toHaveBeenCalledOnce();
    expect(all).not.toHaveBeenCalled();
  });
});

describe('changes in values', () => {
  test('of one that this page does not have lead to a snapshot', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { bench, tell } = live();
    tell(edited(1, { value: [{ op: 'insert', path: [3], value: 'x' }] }));
    expect(warn).toHaveBeenCalledOnce();
    expect(bench.sent()).toMatchObject([{ type: 'hello', epoch: EPOCH, seen: -1 }]);
    bench.deliver([welcome({ seq: 5 })], 2);
    bench.deliver([{ ...edited(1, { value: append('!') }), seq: 6 }]);
    expect(bench.value(1)).toBe('a!');
    expect(bench.sent()).toEqual([]);
  });

  test('that are malformed lead to a snapshot too', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { bench, tell } = live();
    tell(edited(1, { value: 5 }));
    expect(bench.sent()).toMatchObject([{ type: 'hello', seen: -1 }]);
  });

  test('of a node that is gone are ignored', () => {
    const { bench, tell } = live();
    tell(edited(99, { value: append('!') }));
    expect(bench.sent()).toEqual([]);
  });

  test('lose to what the person edited meanwhile, as whole values do', () => {
    const { bench, tell } = live();
    bench.page.edit(node(1), { value: 'mine' });
    tell(edited(1, { value: append('!'), label: [{ op: 'replace', path: [], value: 'L' }] }));
    expect(bench.value(1)).toBe('mine');
    expect(bench.page.store.node(node(1))?.props).toMatchObject({ label: 'L' });
    bench.deliver([{ ...edited(1, { value: append('!') }), seq: 2 }], 2);
    expect(bench.value(1)).toBe('mine!');
  });
});

describe('a graft', () => {
  const column = (...children: number[]): Node => ({
    ...NODES[0]!,
    children: children.map(node)
  });
  const graft = (removed: number[], nodes: readonly Node[]): object => ({
    type: 'graft',
    removed,
    nodes
  });
  const fresh: Node = { id: node(9), kind: 'textbox', props: { value: 'new' } };

  test('adds and removes; those concerned are told once', () => {
    const { bench, tell } = live();
    const { store } = bench.page;
    const told: NodeId[] = [];
    [0, 1, 2, 3, 9].forEach(id => store.subscribe(node(id), () => told.push(node(id))));
    const kept = store.node(node(2));
    tell(graft([1], [column(2, 9), NODES[2]!, fresh]));
    expect([...told].sort()).toEqual([0, 1, 9]);
    expect(store.node(node(1))).toBeUndefined();
    expect(store.node(node(2))).toBe(kept);
    expect(store.node(node(0))?.children).toEqual([2, 9]);
    tell(patch(0, 1, { value: 'late' }));
    bench.clock.frame();
    expect(told).toHaveLength(3);
  });

  test('may build a node of the same number anew', () => {
    const { bench, tell } = live();
    tell(graft([1], [{ id: node(1), kind: 'textbox', props: { value: 'again' } }]));
    expect(bench.value(1)).toBe('again');
  });

  test('leaves in place what the person edited meanwhile', () => {
    const { bench, tell } = live();
    bench.page.edit(node(1), { value: 'mine' });
    tell(graft([], [NODES[1]!]));
    expect(bench.value(1)).toBe('mine');
  });

  test('takes the failures of what is gone with it', () => {
    const { bench, tell } = live();
    const failed = { type: 'failed', task: 1, code: 'internal', message: 'No.', detail: null };
    tell(started(1), failed, graft([1], [column(2, 3)]));
    expect(bench.page.tasks.status(node(1)).failure).toBeNull();
  });
});

describe('a failure', () => {
  const kept = {
    task: 7,
    name: 'work',
    nodes: [1, 2],
    code: 'internal',
    message: 'No.',
    detail: 'trace',
    retry: true
  };

  test('of before is in the welcome, and those that it does not have are past', () => {
    const { bench, tell } = live();
    tell(started(1, { nodes: [3] }), { ...kept, type: 'failed', task: 1 });
    bench.deliver([welcome({ seq: 9, failures: [kept] })]);
    const failures = [1, 2, 3].map(id => bench.page.tasks.status(node(id)).failure);
    expect(failures.map(each => each?.task)).toEqual([7, 7, undefined]);
    expect(failures[0]).toEqual(kept);
  });

  test('is tried again once; what the kernel answers counts, also after a lost connection', () => {
    const { bench } = live();
    const { failures } = bench.page.tasks;
    bench.deliver([welcome({ seq: 9, failures: [kept] })]);
    failures.retry(kept.task as TaskId);
    failures.retry(kept.task as TaskId);
    const [asked, ...others] = bench.sent();
    expect([asked?.type, others]).toEqual(['retry', []]);
    const status = (): NodeStatus => bench.page.tasks.status(node(1));
    // the kernel had not heard of it when it wrote this
    bench.deliver([welcome({ seq: 9, failures: [kept] })], asked!.seq - 1);
    expect(status()).toMatchObject({ isRetried: true });
    bench.deliver([], asked!.seq);
    expect(status().failure).toBeNull();
  });
});

describe('a js step', () => {
  const ask = async (result: unknown, page = PAGE): Promise<object[]> => {
    const { bench, tell } = live();
    if (result !== NO_VIEW) {
      bench.page.onJs = async (_code, args) => {
        await Promise.resolve();
        return typeof result === 'function'
          ? (result as (...all: unknown[]) => unknown)(...args)
          : result;
      };
    }
    tell({ type: 'runJs', page, task: 4, code: '() => 1', args: [1, 'b'] });
    await new Promise(resolve => setTimeout(resolve));
    return bench.sent();
  };
  const NO_VIEW = Symbol('no view');
  const throwing = (what: unknown) => (): never => {
    throw what;
  };
  const cyclic: Json[] = [];
  cyclic.push(cyclic);

  test.each<[string, unknown, readonly Json[]]>([
    ['a list is one value for each', [1, { a: [true] }], [1, { a: [true] }]],
    ['anything else is one value', 'x', ['x']],
    ['arguments come in', (a: number, b: string) => [b, a], ['b', 1]],
    ['nothing is null', undefined, [null]],
    ['nothing in a list is null', [undefined, 1], [null, 1]],
    ['a date is text', new Date(0), ['1970-01-01T00:00:00.000Z']]
  ])('%s', async (_name, result, values) => {
    expect(await ask(result)).toEqual([{ type: 'jsResult', seq: 2, task: 4, values, error: null }]);
  });

  test.each([
    ['a function', [() => 1], /function cannot be sent/],
    ['something of the page', [new EventTarget()], /EventTarget cannot be sent/],
    ['itself', [cyclic], /contains itself/],
    ['no view', NO_VIEW, /not shown/],
    ['an error', () => Promise.reject(new Error('boom')), /^boom$/],
    ['something thrown', throwing('words'), /^words$/]
  ])('%s is a failure in words', async (_name, result, error) => {
    const wanted = { type: 'jsResult', task: 4, values: null };
    const [sent] = await ask(result);
    expect(sent).toMatchObject({ ...wanted, error: expect.stringMatching(error) as string });
  });

  test('of another page is left to it', async () => {
    expect(await ask(1, 'page-2')).toEqual([]);
  });
});

test('the log is what the welcome had, and what came since', () => {
  const entry = (text: string): object => ({ task: 1, name: 'work', stream: 'stdout', text });
  const { bench, tell } = live({ log: [entry('a\n')] });
  tell({ type: 'log', entries: [entry('b\n')], dropped: 0 });
  expect(bench.page.journal.entries).toEqual([entry('a\nb\n')]);
  bench.deliver([welcome({ seq: 1, log: [] })]);
  expect(bench.page.journal.entries).toEqual([]);
});

test('answers to clients are none of a page', () => {
  const { bench, tell } = live();
  tell(
    { type: 'called', page: 'c', call: 1, task: 1 },
    { type: 'output', task: 1, data: ['x'] },
    patch(0, 1, { value: 'next' })
  );
  expect(bench.value(1)).toBe('next');
});
