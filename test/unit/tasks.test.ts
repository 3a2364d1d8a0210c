// @vitest-environment node
import { describe, expect, test } from 'vitest';

import type { Failure } from '../../src/protocol/wire';
import { Tasks, type TaskMessage } from '../../src/store/tasks';
import { Toasts } from '../../src/store/toasts';
import { Clock, node, queued, started, task, waiting } from './support';

type Fields = Readonly<Record<string, unknown>>;

const OUT = node(1);
const clock = new Clock();

function apply(tasks: Tasks, ...messages: Fields[]): void {
  messages.forEach(message => tasks.apply({ seq: 1, ...message } as unknown as TaskMessage));
}

const stopping = (id: number): Fields => ({ type: 'stopping', task: id });
const done = (id: number): Fields => ({ type: 'done', task: id });
const failed = (id: number, code = 'internal', fields: Fields = {}): Fields => ({
  type: 'failed',
  task: id,
  code,
  message: `why ${id}`,
  detail: null,
  ...fields
});

function shown(tasks: Tasks, id = OUT): [number | null, string | null, string | null] {
  const { task: record, failure } = tasks.status(id);
  return [record?.id ?? null, record?.state ?? null, failure?.message ?? null];
}

describe('a task', () => {
  const cases: [string, Fields[], ReturnType<typeof shown>][] = [
    ['waits', [queued(1)], [1, 'queued', null]],
    ['runs after waiting', [queued(1), started(1)], [1, 'running', null]],
    ['runs at once', [started(1)], [1, 'running', null]],
    ['winds down', [started(1), stopping(1)], [1, 'stopping', null]],
    ['ends well', [started(1), done(1)], [null, null, null]],
    [
      'ends while winding down',
      [started(1), stopping(1), failed(1, 'cancelled')],
      [null, null, null]
    ],
    ['is cancelled while it waits', [queued(1), failed(1, 'cancelled')], [null, null, null]],
    ['fails', [started(1), failed(1)], [null, null, 'why 1']],
    [
      'fails in its own words, which a toast says',
      [started(1), failed(1, 'user')],
      [null, null, null]
    ],
    ['is lost', [started(1), failed(1, 'lost')], [null, null, 'why 1']],
    ['that is not known and winds down is ignored', [stopping(7)], [null, null, null]],
    ['that is not known and ends is ignored', [done(7), failed(7)], [null, null, null]]
  ];
  test.each(cases)('%s', (_name, messages, wanted) => {
    const tasks = new Tasks(clock.now);
    apply(tasks, ...messages);
    expect(shown(tasks)).toEqual(wanted);
  });

  test('moves up its queue', () => {
    const tasks = new Tasks(clock.now);
    apply(tasks, queued(1, { position: 2, size: 3 }), queued(1, { position: 0, size: 2 }));
    expect(tasks.status(OUT).task).toMatchObject({ position: 0, size: 2 });
    apply(tasks, started(1));
    expect(tasks.status(OUT).task).toMatchObject({ position: null, size: null });
  });

  test('that runs elsewhere than it waited leaves nothing where it waited', () => {
    const tasks = new Tasks(clock.now);
    apply(tasks, queued(1), started(1, { nodes: [2] }));
    expect(shown(tasks)).toEqual([null, null, null]);
    expect(shown(tasks, node(2))).toEqual([1, 'running', null]);
  });
});

describe('of several at a node', () => {
  test.each([
    ['a running one comes before one that waits', [queued(1), started(2)], 2],
    ['the oldest that waits comes first', [queued(1), queued(2)], 1],
    ['a new place in the queue changes no order', [queued(1), queued(2), queued(1)], 1],
    ['one that hides comes last', [started(1, { showProgress: 'hidden' }), queued(2)], 2],
    ['a hidden one is there when it is alone', [started(1, { showProgress: 'hidden' })], 1]
  ])('%s', (_name, messages, wanted) => {
    const tasks = new Tasks(clock.now);
    apply(tasks, ...messages);
    expect(shown(tasks)[0]).toBe(wanted);
  });

  test('the next is shown when one ends', () => {
    const tasks = new Tasks(clock.now);
    apply(tasks, started(1), queued(2), done(1));
    expect(shown(tasks)).toEqual([2, 'queued', null]);
    expect(tasks.all().map(each => each.id)).toEqual([2]);
  });
});

describe('a failure', () => {
  test('goes when a new run starts, not when it waits', () => {
    const tasks = new Tasks(clock.now);
    apply(tasks, started(1), failed(1), queued(2));
    expect(shown(tasks)).toEqual([2, 'queued', 'why 1']);
    apply(tasks, started(2));
    expect(shown(tasks)).toEqual([2, 'running', null]);
  });

  test('is the last one', () => {
    const tasks = new Tasks(clock.now);
    apply(tasks, started(1), started(2), failed(1), failed(2));
    expect(shown(tasks)).toEqual([null, null, 'why 2']);
  });

  test('can be dismissed', () => {
    const tasks = new Tasks(clock.now);
    apply(tasks, started(1), failed(1));
    tasks.failures.dismiss(task(1));
    expect(shown(tasks)).toEqual([null, null, null]);
  });

  test('that was read at one output is gone from all of its run, and no other run', () => {
    const tasks = new Tasks(clock.now);
    apply(tasks, started(1, { nodes: [OUT, 8] }), started(2, { nodes: [9] }), failed(1), failed(2));
    tasks.failures.dismiss(task(1));
    expect([OUT, node(8), node(9)].map(id => tasks.status(id).failure?.task)).toEqual([
      undefined,
      undefined,
      2
    ]);
  });
});

describe('a welcome', () => {
  const replace = (tasks: Tasks, ...list: Fields[]): void =>
    tasks.replace(list as unknown as Parameters<Tasks['replace']>[0], []);

  test('ends what it does not name and takes what it names', () => {
    const tasks = new Tasks(clock.now);
    apply(tasks, started(1), started(2, { nodes: [2] }));
    replace(
      tasks,
      waiting(3, 'queued', { nodes: [3], position: 1, size: 2 }),
      waiting(2, 'stopping')
    );
    expect(shown(tasks)).toEqual([2, 'stopping', null]);
    expect(shown(tasks, node(2))).toEqual([null, null, null]);
    expect(tasks.status(node(3)).task).toMatchObject({ position: 1, size: 2 });
    apply(tasks, done(2));
    expect(shown(tasks)).toEqual([null, null, null]);
  });

  test('has the failures that are still told, and no others', () => {
    const tasks = new Tasks(clock.now);
    apply(tasks, started(1), failed(1));
    const kept = { task: 7, name: 'work', nodes: [8, 9], code: 'lost', message: '', detail: null };
    tasks.replace([], [kept as unknown as Failure]);
    expect([OUT, node(8), node(9)].map(id => tasks.status(id).failure?.task)).toEqual([
      undefined,
      7,
      7
    ]);
  });
});

describe('a failure with several nodes', () => {
  const NODES = [1, 2, 3].map(node);
  const fail = (): Tasks => {
    const tasks = new Tasks(clock.now);
    apply(tasks, started(1, { nodes: NODES }), failed(1));
    return tasks;
  };
  const firsts = (tasks: Tasks): number[] => NODES.filter(id => tasks.status(id).isFirst);

  test('is told in full at the first that is drawn, whichever was drawn first', () => {
    const tasks = fail();
    expect(firsts(tasks)).toEqual([]);
    const heard: string[] = [];
    NODES.forEach(id => tasks.subscribe(id, () => heard.push(`${id}`)));
    tasks.failures.show(node(3));
    expect(firsts(tasks)).toEqual([3]);
    const hide = tasks.failures.show(node(2));
    const another = tasks.failures.show(node(2));
    expect(firsts(tasks)).toEqual([2]);
    hide();
    expect(firsts(tasks)).toEqual([2]);
    another();
    expect(firsts(tasks)).toEqual([3]);
    // only those that tell something else
    expect(heard).toEqual(['3', '3', '2', '2', '3']);
  });

  test('is told at the next when another task has failed at the first since', () => {
    const tasks = fail();
    NODES.forEach(id => tasks.failures.show(id));
    apply(tasks, started(2, { nodes: [9] }));
    apply(tasks, queued(3, { nodes: [1] }), failed(3));
    expect(firsts(tasks)).toEqual([1, 2]);
    expect(NODES.map(id => tasks.status(id).failure?.task)).toEqual([3, 1, 1]);
  });

  test('is past at all of them when something begins at one', () => {
    const tasks = fail();
    apply(tasks, started(2, { nodes: [2] }));
    expect(NODES.map(id => tasks.status(id).failure)).toEqual([null, null, null]);
  });

  test('goes on at those that are left', () => {
    const tasks = fail();
    NODES.forEach(id => tasks.failures.show(id));
    tasks.leave([node(1)]);
    expect(firsts(tasks)).toEqual([2]);
    expect(tasks.status(OUT).failure).toBeNull();
  });
});

describe('trying again', () => {
  const RETRY = { retry: true };
  let sent: string[];
  const fail = (code = 'internal', answer: (tasks: Tasks) => void = () => undefined): Tasks => {
    sent = [];
    const tasks = new Tasks(clock.now, {
      ask: message => {
        answer(tasks);
        return sent.push(`${message.type} ${message.task}`);
      }
    });
    apply(tasks, started(1, { nodes: [1, 2] }), failed(1, code, RETRY));
    return tasks;
  };
  const retried = (tasks: Tasks): boolean[] => [OUT, node(2)].map(id => tasks.status(id).isRetried);

  test('waits at all nodes, is asked for once, and ends with the answer', () => {
    const tasks = fail();
    expect(retried(tasks)).toEqual([false, false]);
    tasks.failures.retry(task(1));
    tasks.failures.retry(task(1));
    tasks.failures.retry(task(9));
    expect(sent).toEqual(['retry 1']);
    expect(retried(tasks)).toEqual([true, true]);
    tasks.failures.acknowledge(0);
    expect(retried(tasks)).toEqual([true, true]);
    tasks.failures.acknowledge(1);
    expect(tasks.status(OUT).failure).toBeNull();
  });

  test('ends when the answer is there before the message has a number', () => {
    const tasks = fail('internal', ({ failures }) => failures.acknowledge(1));
    tasks.failures.retry(task(1));
    expect(tasks.status(OUT).failure).toBeNull();
  });

  test('gives way to what begins there', () => {
    const tasks = fail();
    tasks.failures.retry(task(1));
    apply(tasks, started(2, { nodes: [2] }));
    expect(retried(tasks)).toEqual([false, false]);
    expect(tasks.status(node(2)).task?.id).toBe(2);
  });

  test('goes on waiting when a welcome says that the kernel has not heard of it', () => {
    const tasks = fail();
    tasks.failures.retry(task(1));
    tasks.replace([], [tasks.status(OUT).failure!]);
    expect(retried(tasks)).toEqual([true, true]);
    tasks.replace([], []);
    expect(tasks.status(OUT).failure).toBeNull();
  });

  test('is over when there is nobody to do it', () => {
    const tasks = fail();
    tasks.failures.retry(task(1));
    tasks.clear();
    expect(retried(tasks)).toEqual([false, false]);
    expect(tasks.status(OUT).failure?.message).toBe('why 1');
  });

  test.each(['user', 'cancelled'])('makes %s something to be told at the nodes', code => {
    const tasks = fail(code);
    expect(tasks.status(OUT).failure).toMatchObject({ code, ...RETRY });
  });

  test('reading it tells the kernel', () => {
    const tasks = fail();
    tasks.failures.dismiss(task(1));
    expect(sent).toEqual(['dismiss 1']);
    expect(tasks.status(node(2)).failure).toBeNull();
  });
});

describe('listeners', () => {
  test('are called once a change, with the new status in place, for their node alone', () => {
    const tasks = new Tasks(clock.now);
    const seen: unknown[] = [];
    const stop = tasks.subscribe(OUT, () => seen.push(shown(tasks)[1]));
    tasks.subscribe(node(9), () => seen.push('wrong'));
    apply(tasks, queued(1, { nodes: [1, 1, 2] }), started(1), stopping(1), done(1));
    stop();
    apply(tasks, started(2));
    expect(seen).toEqual(['queued', 'running', 'stopping', null]);
  });

  test('a status is the same object until it changes', () => {
    const tasks = new Tasks(clock.now);
    expect(tasks.status(OUT)).toBe(tasks.status(node(2)));
    apply(tasks, started(1));
    const before = tasks.status(OUT);
    apply(tasks, started(2, { nodes: [2] }));
    expect(tasks.status(OUT)).toBe(before);
  });
});

describe('toasts', () => {
  const toast = (message: string) =>
    ({ level: 'info', title: '', message, duration: null }) as const;

  test('come in order, five at most, each with a number of its own', () => {
    const toasts = new Toasts();
    'abcdefg'.split('').forEach(each => toasts.show(toast(each)));
    expect(toasts.all.map(each => each.message).join('')).toBe('cdefg');
    expect(new Set(toasts.all.map(each => each.id)).size).toBe(5);
  });

  test('go when closed; closing twice changes nothing', () => {
    const toasts = new Toasts();
    let calls = 0;
    const stop = toasts.subscribe(() => (calls += 1));
    toasts.show(toast('a'));
    toasts.show(toast('b'));
    const [first] = toasts.all;
    toasts.close(first!.id);
    expect(calls).toBe(3);
    const before = toasts.all;
    toasts.close(first!.id);
    expect([calls, toasts.all]).toEqual([3, before]);
    expect(toasts.all).toBe(before);
    stop();
    toasts.show(toast('c'));
    expect(calls).toBe(3);
  });

  test('keep only what is shown', () => {
    const toasts = new Toasts();
    toasts.show({ ...toast('a'), type: 'toast', seq: 4 } as ReturnType<typeof toast>);
    expect(toasts.all).toEqual([{ id: 1, ...toast('a') }]);
  });
});
