// @vitest-environment node
import { describe, expect, test, vi } from 'vitest';

import {
  APP,
  Bench,
  EPOCH,
  frame,
  livePage,
  node,
  NODES,
  PAGE,
  patch,
  task,
  waiting,
  welcome
} from './support';

const toast = (seq: number, fields = {}) => ({
  type: 'toast',
  seq,
  level: 'info',
  title: '',
  message: `toast ${seq}`,
  duration: null,
  ...fields
});

function toasts(bench: Bench): string[] {
  return bench.page.toasts.all.map(each => each.message);
}

describe('the beginning', () => {
  test('hello, then welcome', () => {
    const bench = new Bench();
    expect(bench.page.status).toEqual({ kind: 'connecting' });
    bench.page.start(null);
    expect(bench.sent()).toEqual([{ type: 'hello', seq: 1, protocol: 1, epoch: null, seen: 0 }]);
    bench.deliver([welcome({ seq: 7 })], 1);
    expect(bench.page.status).toEqual({ kind: 'live' });
    expect(bench.value(1)).toBe('a');
    bench.deliver([patch(8, 1, { value: 'next' })]);
    expect(bench.value(1)).toBe('next');
    expect(bench.sent()).toEqual([]);
  });

  test('a snapshot is drawn, and the hello says what it has', () => {
    const bench = new Bench();
    bench.page.start({ content: frame([welcome({ seq: 5, page: null })]), buffers: [] });
    expect(bench.value(1)).toBe('a');
    expect(bench.page.status).toEqual({ kind: 'live' });
    expect(bench.sent()).toEqual([{ type: 'hello', seq: 1, protocol: 1, epoch: EPOCH, seen: 5 }]);
    // up to date: the kernel answers with no more than what comes next
    bench.deliver([patch(6, 1, { value: 'x' })], 1);
    expect(bench.value(1)).toBe('x');
  });

  test('a snapshot without a kernel is shown as dead', () => {
    const bench = new Bench();
    bench.kernel.state = 'dead';
    bench.page.start({ content: frame([welcome({ page: null })]), buffers: [] });
    expect(bench.page.status).toEqual({ kind: 'dead' });
    expect(bench.value(1)).toBe('a');
    expect(bench.sent()).toEqual([]);
  });

  test('a snapshot that cannot be read is no snapshot', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const bench = new Bench();
    bench.page.start({ content: { nonsense: true }, buffers: [] });
    expect(bench.page.status).toEqual({ kind: 'connecting' });
    expect(bench.sent()).toMatchObject([{ type: 'hello', epoch: null }]);
    expect(warn).toHaveBeenCalledOnce();
  });

  test('the control channel is used when the kernel hears it', () => {
    expect(livePage({ control: false }).kernel.control).toBe(false);
    expect(livePage({ control: true }).kernel.control).toBe(true);
  });
});

describe('welcomes', () => {
  test('of another page, and a second one for whoever, are ignored', () => {
    const bench = livePage();
    const other = { nodes: [{ ...NODES[0], children: [] }], seq: 40 };
    bench.deliver([welcome({ ...other, page: 'page-2' }), welcome({ ...other, page: null })]);
    expect(bench.value(1)).toBe('a');
    bench.deliver([patch(1, 1, { value: 'x' })]);
    expect(bench.value(1)).toBe('x');
  });

  test('of a new epoch is the session from then on', () => {
    const bench = livePage();
    const nodes = NODES.map(each => (each.id === 1 ? { ...each, props: { value: 'new' } } : each));
    bench.kernel.deliver(frame([welcome({ epoch: 'e2', seq: 3, nodes })], {}, 'e2'));
    bench.deliver([patch(1, 1, { value: 'late, of the old' })]);
    expect(bench.value(1)).toBe('new');
    bench.kernel.deliver(frame([patch(4, 1, { value: 'next' })], {}, 'e2'));
    expect(bench.value(1)).toBe('next');
  });

  test('take tasks with them', () => {
    const bench = livePage({
      tasks: [waiting(1, 'running', { nodes: [2] })]
    });
    expect(bench.page.tasks.status(node(2)).task?.id).toBe(1);
    bench.deliver([welcome({ seq: 0 })]);
    expect(bench.page.tasks.status(node(2)).task).toBeNull();
  });

  test('leave in place what the person edited meanwhile', () => {
    const bench = livePage();
    bench.page.edit(node(1), { value: 'mine' });
    bench.page.edit(node(2), { value: 'waits' });
    bench.deliver([welcome({ seq: 2 })]);
    expect([bench.value(1), bench.value(2)]).toEqual(['mine', 'waits']);
    // this one has seen the first edit and has another opinion
    bench.deliver([welcome({ seq: 2 })], 2);
    expect([bench.value(1), bench.value(2)]).toEqual(['a', 'waits']);
  });
});

describe('gaps', () => {
  test('lead to one hello, then a welcome, however many messages follow', () => {
    const bench = livePage();
    bench.deliver([patch(1, 1, { value: 'x' }), patch(3, 1, { value: 'skipped' })]);
    bench.deliver([patch(4, 1, { value: 'skipped' }), patch(5, 1, { value: 'skipped' })]);
    expect(bench.value(1)).toBe('x');
    expect(bench.sent()).toEqual([{ type: 'hello', seq: 2, protocol: 1, epoch: EPOCH, seen: 1 }]);
    const nodes = NODES.map(each => (each.id === 1 ? { ...each, props: { value: 'five' } } : each));
    bench.deliver([welcome({ seq: 5, nodes })], 2);
    expect(bench.value(1)).toBe('five');
    bench.deliver([patch(6, 1, { value: 'six' })]);
    expect(bench.value(1)).toBe('six');
    expect(bench.sent()).toEqual([]);
  });

  test('lead to another hello when the welcome was lost too', () => {
    const bench = livePage();
    bench.deliver([patch(3, 1, {})]);
    expect(bench.sent()).toHaveLength(1);
    bench.deliver([patch(4, 1, {})], 2);
    expect(bench.sent()).toMatchObject([{ type: 'hello', seq: 3, seen: 0 }]);
  });

  test('send again what was not answered', () => {
    const bench = livePage();
    bench.page.fire(node(3), 'click');
    bench.sent();
    bench.deliver([patch(2, 1, {})]);
    expect(bench.sent()).toMatchObject([
      { type: 'hello', seq: 1 },
      { type: 'event', seq: 2 }
    ]);
  });

  test('are not made by messages of an unknown type', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const bench = livePage();
    bench.deliver([{ type: 'dance', seq: 1 }, patch(2, 1, { value: 'x' })]);
    bench.deliver([{ type: 'dance', seq: 3 }]);
    bench.deliver([{ type: 'dance', seq: 4 }, patch(5, 1, { value: 'y' })]);
    expect(bench.value(1)).toBe('y');
    expect(bench.sent()).toEqual([]);
    expect(warn).toHaveBeenCalledTimes(3);
  });

  test('are made by messages of a wrong shape: the snapshot mends them', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const bench = livePage();
    bench.deliver([{ type: 'patch', seq: 1, updates: 'all' }, patch(2, 1, { value: 'x' })]);
    expect(bench.sent()).toMatchObject([{ type: 'hello', seen: 0 }]);
  });

  test('are not made by messages that come twice, or of another epoch', () => {
    const bench = livePage();
    bench.deliver([toast(1), toast(1), toast(2)]);
    bench.deliver([toast(1), toast(2)]);
    bench.kernel.deliver(frame([toast(9)], {}, 'other'));
    expect(toasts(bench)).toEqual(['toast 1', 'toast 2']);
    expect(bench.sent()).toEqual([]);
  });
});

describe('the connection', () => {
  test('lost, then back: a hello, what was not answered, and what was edited meanwhile', () => {
    const bench = livePage();
    bench.kernel.turn('lost');
    expect(bench.page.status).toEqual({ kind: 'lost' });
    bench.page.edit(node(1), { value: 'x' });
    bench.page.edit(node(1), { value: 'xy' });
    expect(bench.value(1)).toBe('xy');
    expect(bench.sent()).toEqual([]);
    bench.kernel.turn('open');
    bench.clock.frame();
    expect(bench.page.status).toEqual({ kind: 'live' });
    expect(bench.sent()).toMatchObject([
      { type: 'hello', seq: 1, seen: 0 },
      { type: 'set', seq: 2, props: { value: 'x' } },
      { type: 'set', seq: 3, props: { value: 'xy' } }
    ]);
  });

  test('lost while asking: the hello is said again', () => {
    const bench = new Bench();
    bench.kernel.state = 'lost';
    bench.page.start(null);
    bench.kernel.turn('open');
    expect(bench.sent()).toMatchObject([{ type: 'hello', epoch: null }]);
    expect(bench.page.status).toEqual({ kind: 'lost' });
    bench.deliver([welcome()]);
    expect(bench.page.status).toEqual({ kind: 'live' });
  });

  test('said to be open twice: one hello', () => {
    const bench = new Bench();
    bench.page.start(null);
    bench.kernel.turn('open');
    expect(bench.sent()).toHaveLength(1);
  });

  test('dead: tasks end, edits are forgotten, what is shown stays', () => {
    const bench = livePage({
      tasks: [waiting(1, 'running', { nodes: [2] })]
    });
    bench.page.edit(node(1), { value: 'x' });
    bench.kernel.turn('dead');
    expect(bench.page.status).toEqual({ kind: 'dead' });
    expect(bench.page.tasks.all()).toEqual([]);
    expect(bench.page.outbox.pending).toBe(0);
    expect(bench.value(1)).toBe('x');
  });

  test('listeners hear each turn once, and none after the end of their subscription', () => {
    const bench = livePage();
    const heard: string[] = [];
    const stop = bench.page.subscribeStatus(() => heard.push(bench.page.status.kind));
    bench.kernel.turn('lost');
    bench.kernel.turn('lost');
    bench.kernel.turn('open');
    bench.deliver([welcome({ seq: 1 })]);
    stop();
    bench.kernel.turn('dead');
    expect(heard).toEqual(['lost', 'live']);
  });
});

describe('versions', () => {
  test.each([
    [2, '2.1', 'JupyterLab is older', '>=2.1', 'reload the page'],
    [0, '0.1', 'the kernel is older', '>=0.9', 'then restart it']
  ])('a kernel of protocol %i', (protocol, version, ...words) => {
    const bench = new Bench();
    bench.page.start(null);
    bench.deliver([{ type: 'welcome', seq: 0, page: PAGE, protocol, version }]);
    const { status } = bench.page;
    expect(status.kind).toBe('mismatch');
    words.forEach(word => expect(status).toHaveProperty('sentence', expect.stringContaining(word)));
    bench.kernel.turn('lost');
    expect(bench.page.status).toBe(status);
  });

  test('that do not fit are told once: no hello follows, whatever comes', () => {
    const bench = new Bench();
    bench.page.start(null);
    bench.sent();
    bench.deliver([{ type: 'welcome', seq: 0, page: PAGE, protocol: 2, version: '2.1' }], 1);
    bench.deliver([patch(1, 1, { value: 'x' })], 1);
    bench.clock.pass(100_000);
    expect(bench.sent()).toEqual([]);
    expect(bench.clock.ticking).toBe(0);
  });
});

describe('the end', () => {
  test('stays the end when its frame says that something is missing', () => {
    const bench = livePage();
    bench.page.fire(node(3), 'click');
    bench.sent();
    bench.kernel.deliver({
      ...frame([{ type: 'closed', seq: 1, reason: 'rerun' }]),
      missing: [PAGE]
    });
    bench.deliver([patch(2, 1, { value: 'late' })]);
    bench.clock.pass(100_000);
    expect(bench.page.status.kind).toBe('closed');
    expect(bench.sent()).toEqual([]);
    expect(bench.clock.ticking).toBe(0);
  });
});

describe('edits', () => {
  test('are shown at once and win over values sent before the kernel knew of them', () => {
    const bench = livePage();
    bench.page.edit(node(1), { value: 'mine' });
    bench.deliver([patch(1, 1, { value: 'older', label: 'L' })]);
    expect(bench.value(1)).toBe('mine');
    expect(bench.page.store.node(node(1))?.props).toMatchObject({ label: 'L' });
  });

  test('lose to values sent after the kernel knew of them', () => {
    const bench = livePage();
    bench.page.edit(node(1), { value: 'mine' });
    bench.deliver([patch(1, 1, { value: 'newer' })], 2);
    expect(bench.value(1)).toBe('newer');
  });

  test('that wait win until they are known', () => {
    const bench = livePage();
    bench.page.edit(node(1), { value: 'm' });
    bench.page.edit(node(1), { value: 'mi' });
    bench.deliver([patch(1, 1, { value: 'older' })], 2);
    expect(bench.value(1)).toBe('mi');
    bench.deliver([patch(2, 1, { value: 'newer' })], 3);
    expect(bench.value(1)).toBe('newer');
  });

  test('go before the event that follows', () => {
    const bench = livePage();
    bench.page.edit(node(1), { value: 'x' });
    bench.page.edit(node(1), { value: 'xy' });
    bench.page.fire(node(3), 'click');
    expect(bench.sent().map(({ type }) => type)).toEqual(['set', 'set', 'event']);
  });
});

describe('messages', () => {
  test('an event that nobody listens to is not sent', () => {
    const bench = livePage();
    bench.page.fire(node(1), 'focus');
    bench.page.fire(node(2), 'input');
    bench.page.fire(node(99), 'click');
    bench.page.fire(node(1), 'input', { some: 'data' });
    expect(bench.sent()).toEqual([
      { type: 'event', seq: 2, node: 1, name: 'input', data: { some: 'data' } }
    ]);
  });

  test('a cancel is sent', () => {
    const bench = livePage();
    bench.page.cancel(task(5));
    expect(bench.sent()).toEqual([{ type: 'cancel', seq: 2, task: 5 }]);
  });

  test('a refusal is told to the person who was refused', () => {
    const bench = livePage();
    const refused = { type: 'refused', refused: 2, message: 'Too long.' };
    bench.deliver([{ ...refused, seq: 1, page: 'page-2' }]);
    expect(toasts(bench)).toEqual([]);
    bench.deliver([{ ...refused, seq: 2, page: PAGE }]);
    expect(toasts(bench)).toEqual(['Too long.']);
  });

  test('closed: nothing more is expected, whatever the connection does', () => {
    const bench = livePage();
    bench.page.edit(node(1), { value: 'x' });
    bench.deliver([{ type: 'closed', seq: 1, reason: 'rerun' }]);
    expect(bench.page.status).toEqual({ kind: 'closed', reason: 'rerun' });
    expect(bench.page.outbox.pending).toBe(0);
    bench.sent();
    bench.kernel.turn('lost');
    bench.kernel.turn('open');
    expect(bench.page.status).toEqual({ kind: 'closed', reason: 'rerun' });
    expect(bench.sent()).toEqual([]);
  });

  test('done may ask to bring a node into view', () => {
    const bench = livePage();
    const asked = vi.fn();
    bench.page.onScrollTo = asked;
    bench.deliver([
      { type: 'done', seq: 1, task: 1 },
      { type: 'done', seq: 2, task: 2, scrollTo: 2 }
    ]);
    expect(asked.mock.calls).toEqual([[2]]);
  });

  test('errors are written to the console where the app says so', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const failed = { type: 'failed', task: 1, code: 'internal', message: 'boom', detail: 'trace' };
    const quiet = livePage();
    quiet.deliver([toast(1, { level: 'error' }), { ...failed, seq: 2 }]);
    expect(error).not.toHaveBeenCalled();
    const loud = livePage({ app: { ...APP, showError: true } });
    loud.deliver([
      toast(1, { level: 'error' }),
      toast(2),
      { ...failed, seq: 3 },
      { ...failed, seq: 4, code: 'user' }
    ]);
    expect(error.mock.calls.flat()).toEqual(['ipyblocks: toast 1', 'ipyblocks: trace']);
  });

  test('a frame that cannot be read harms nothing', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const bench = livePage();
    bench.kernel.deliver({ epoch: EPOCH, acks: {}, last: 0, messages: [{ $int: 'x' }] });
    bench.kernel.deliver(null);
    expect(warn).toHaveBeenCalledTimes(2);
    bench.deliver([patch(1, 1, { value: 'x' })]);
    expect(bench.value(1)).toBe('x');
  });

  test('close stops listening and forgets what was on its way', () => {
    const bench = livePage();
    bench.page.fire(node(3), 'click');
    bench.page.close();
    expect(bench.kernel.closed).toBe(true);
    expect(bench.page.outbox.pending).toBe(0);
  });
});
