/** The line of a document to its kernel, with a kernel that says what the test says. */
import type { KernelMessage } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { GRACE, holdPage } from '../../src/host/pages';
import type { Packet } from '../../src/protocol/codec';
import { KernelLine, type ControlTransport } from '../../src/transport/control';
import { FakeKernel, FakeSession, iopub } from './kernels';

let session: FakeSession;
let line: KernelLine;

beforeEach(() => {
  vi.useFakeTimers();
  session = new FakeSession();
  line = KernelLine.of(session.connection);
});

afterEach(() => {
  session.disposed.emit();
  vi.useRealTimers();
});

interface Opened {
  readonly transport: ControlTransport;
  readonly packets: Packet[];
  readonly states: string[];
}

function open(id = 'a', control = true): Opened {
  const transport = line.open(id, control);
  const opened: Opened = { transport, packets: [], states: [] };
  transport.onPacket = packet => opened.packets.push(packet);
  transport.onState = () => opened.states.push(transport.state);
  return opened;
}

function live(id = 'a', control = true): Opened {
  const opened = open(id, control);
  session.kernel.answer(id);
  session.kernel.said();
  opened.states.length = 0;
  return opened;
}

describe('whether the kernel has the app', () => {
  test('is asked on the control channel, once for all apps', () => {
    const [a, b] = [open('a'), open('b')];
    expect(session.kernel.sent.map(({ channel, type }) => [channel, type])).toEqual([
      ['control', 'comm_info_request']
    ]);
    expect([a.transport.state, b.transport.state]).toEqual(['asking', 'asking']);
    session.kernel.answer('a', 'other');
    expect([a.states, b.states]).toEqual([['open'], ['dead']]);
    vi.advanceTimersByTime(1); // jsdom tells others what is stored
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is asked on the shell channel when nobody answers', () => {
    const { states } = open();
    vi.advanceTimersByTime(1999);
    expect(session.kernel.sent).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(session.kernel.sent.map(({ channel }) => channel)).toEqual(['control', 'shell']);
    const futures = session.kernel.sent.map(({ future }) => future);
    session.kernel.answer('a');
    expect(states).toEqual(['open']);
    futures.forEach(future => expect(future.dispose).toHaveBeenCalledOnce());
  });

  test('is known of one that the kernel has just opened', () => {
    const state = { _model_module: 'ipyblocks' };
    session.hear('comm_open', { comm_id: 'a', target_name: 'jupyter.widget', data: { state } });
    expect(open().transport.state).toBe('open');
    expect(session.kernel.said()).toEqual([]);
  });

  test('other comms are nobody’s business', () => {
    const state = { _model_module: 'other' };
    session.hear('comm_open', { comm_id: 'a', target_name: 'jupyter.widget', data: { state } });
    expect(open().transport.state).toBe('asking');
  });

  test('an answer without comms is none', () => {
    const { transport } = open();
    session.kernel.sent[0]!.future.onReply({ content: { status: 'error' } });
    expect(transport.state).toBe('asking');
  });
});

describe('messages', () => {
  test('go up on the control channel where the kernel hears it, else on the shell channel', () => {
    const { transport } = live('a', false);
    transport.send({ content: 1, buffers: [] });
    transport.useControl();
    transport.send({ content: 2, buffers: [] });
    const sent = session.kernel.sent.splice(0);
    expect(sent.map(({ channel }) => channel)).toEqual(['shell', 'control']);
    expect(sent.map(({ content }) => content)).toEqual(
      [1, 2].map(content => ({ comm_id: 'a', data: { method: 'custom', content } }))
    );
    // nobody waits for an answer, and an open future is kept for ever
    sent.forEach(({ future }) => expect(future.dispose).toHaveBeenCalledOnce());
  });

  test('come down to their own app, in order, with their bytes', () => {
    const [a, b] = [live('a'), live('b')];
    session.message('a', 1, [new Uint8Array([7]).buffer]);
    session.message('b', 2, [new DataView(new ArrayBuffer(2))]);
    session.message('a', 3);
    session.message('c', 4);
    session.hear('comm_msg', { comm_id: 'a', data: { method: 'update', state: {} } });
    session.hear('status', { execution_state: 'idle' });
    expect(a.packets.map(({ content }) => content)).toEqual([1, 3]);
    expect(a.packets[0]!.buffers[0]).toEqual(new Uint8Array([7]));
    expect(b.packets.map(({ buffers }) => buffers[0]!.byteLength)).toEqual([2]);
  });

  test('are not sent while nobody is there', () => {
    const { transport } = open();
    transport.send({ content: 1, buffers: [] });
    expect(session.kernel.said()).toEqual(['control comm_info_request']);
  });

  test('do not come once it is closed', () => {
    const { transport, packets, states } = live();
    transport.close();
    session.message('a', 1);
    session.turn('restarting');
    expect([packets, states]).toEqual([[], []]);
  });

  test('of a hundred apps cost the kernel one listener', () => {
    const connect = vi.spyOn(session.iopubMessage, 'connect');
    Array.from({ length: 100 }, (_, i) => open(String(i)));
    expect(connect).not.toHaveBeenCalled();
  });
});

describe('the kernel', () => {
  test('restarts: the app is dead, and stays so', () => {
    const { states, transport } = live();
    session.turn('restarting');
    expect(states).toEqual(['dead']);
    session.connect('connecting');
    session.connect('connected');
    session.turn('idle');
    expect(transport.state).toBe('dead');
    expect(session.kernel.said()).toEqual([]);
  });

  test('is restarted by somebody else: another process speaks, which knows nothing', () => {
    const [a, b] = [live('a'), live('b')];
    session.kernel.answer('a', 'b');
    session.hear('status', { execution_state: 'busy' });
    expect(session.kernel.said()).toEqual([]);
    session.iopubMessage.emit(iopub('status', { execution_state: 'idle' }, [], 'another'));
    // until it has answered, all is as before
    expect([a.transport.state, b.transport.state]).toEqual(['open', 'open']);
    expect(session.kernel.sent).toHaveLength(1);
    session.kernel.answer('other');
    expect([a.states, b.states]).toEqual([['dead'], ['dead']]);
    // its name is known now
    session.kernel.said();
    session.iopubMessage.emit(iopub('status', { execution_state: 'busy' }, [], 'another'));
    expect(session.kernel.said()).toEqual([]);
  });

  test('has somebody else’s name in what it says, and has the apps', () => {
    const { states, transport } = live();
    session.hear('status', { execution_state: 'idle' });
    session.iopubMessage.emit(iopub('status', { execution_state: 'idle' }, [], 'a server'));
    session.kernel.answer('a');
    expect([states, transport.state]).toEqual([[], 'open']);
    session.kernel.said();
    open('b');
    expect(session.kernel.said()).toEqual(['control comm_info_request']);
  });

  test('is asked again for an app that has not heard of it for long', () => {
    const { states, transport } = live();
    transport.doubt();
    expect(session.kernel.sent.map(({ channel, type }) => `${channel} ${type}`)).toEqual([
      'control comm_info_request'
    ]);
    expect(transport.state).toBe('open');
    // the question is lost, too
    vi.advanceTimersByTime(5000);
    session.kernel.said();
    transport.doubt();
    session.kernel.answer();
    expect(states).toEqual(['dead']);
    session.kernel.said();
    transport.doubt();
    expect(session.kernel.said()).toEqual([]);
  });

  test('is shut down, and the document goes on without one', () => {
    const { states, transport } = live();
    session.turn('terminating');
    session.isReady = false;
    session.connect('disconnected');
    session.change(null);
    session.change(null); // says so for the kernel, and for the session
    expect([states, transport.state]).toEqual([['dead'], 'dead']);
    session.change(new FakeKernel('another'));
    session.kernel.answer();
    expect(transport.state).toBe('dead');
  });

  test('was away: it is asked again', () => {
    const { states } = live();
    session.connect('connecting');
    session.connect('connected');
    expect(session.kernel.sent).toHaveLength(1);
    session.kernel.answer('a');
    expect(states).toEqual(['lost', 'asking', 'open']);
  });

  test('restarted while it was away', () => {
    const { states } = live();
    session.connect('connecting');
    session.connect('connected');
    session.kernel.answer();
    expect(states).toEqual(['lost', 'asking', 'dead']);
  });

  test('is another one, and then the first again', () => {
    const { states } = live();
    const first = session.kernel;
    const question = open('b');
    session.change(new FakeKernel('another'));
    session.kernel.answer();
    expect(states).toEqual(['asking', 'dead']);
    session.change(first);
    first.answer('a', 'b');
    expect(states).toEqual(['asking', 'dead', 'asking', 'open']);
    expect(question.transport.state).toBe('open');
  });

  test('an answer of a former one is none', () => {
    const { states } = open();
    const first = session.kernel;
    session.change(new FakeKernel('another'));
    first.answer('a');
    expect(states).toEqual([]);
  });

  test('is none', async () => {
    session.isReady = false;
    session.change(null);
    const { transport, states } = open();
    expect(transport.state).toBe('asking');
    session.isReady = true;
    session.statusChanged.emit('unknown');
    expect(states).toEqual(['dead']);
    await Promise.resolve();
    session.change(new FakeKernel());
    session.kernel.answer('a');
    expect(states).toEqual(['dead', 'asking', 'open']);
  });

  test('closes the app', () => {
    const { states } = live();
    session.hear('comm_close', { comm_id: 'a' });
    expect(states).toEqual(['dead']);
  });

  test('makes messages wait where there is no control channel, while it is busy', () => {
    const { transport } = live('a', false);
    expect(transport.waits).toBe(false);
    session.turn('busy');
    expect(transport.waits).toBe(true);
    transport.useControl();
    expect(transport.waits).toBe(false);
  });

  test('is found by those who know only it', () => {
    expect(KernelLine.with({ id: 'kernel' } as never)).toBe(line);
    expect(KernelLine.with({ id: 'nobody' } as never)).toBeNull();
    expect(KernelLine.with(null)).toBeNull();
    session.disposed.emit();
    expect(KernelLine.with({ id: 'kernel' } as never)).toBeNull();
  });
});

describe('a page', () => {
  const FIRST = { packet: null, isOld: false, control: true, version: '1' };

  test('is one for all views, and is closed some time after the last of them', () => {
    const [one, two] = [holdPage(line, 'a', FIRST), holdPage(line, 'a', FIRST)];
    expect(two.page).toBe(one.page);
    const close = vi.spyOn(one.page, 'close');
    one.release();
    one.release();
    vi.advanceTimersByTime(2 * GRACE);
    expect(close).not.toHaveBeenCalled();
    const gone = vi.fn();
    two.release(gone);
    vi.advanceTimersByTime(GRACE - 1);
    // taken back
    const three = holdPage(line, 'a', FIRST);
    expect(three.page).toBe(one.page);
    vi.advanceTimersByTime(2 * GRACE);
    expect([close, gone].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    three.release(gone);
    vi.advanceTimersByTime(GRACE);
    expect(gone).toHaveBeenCalledExactlyOnceWith(one.page);
    expect(close).toHaveBeenCalledOnce();
    session.change(null);
    expect(vi.getTimerCount()).toBe(0);
    expect(holdPage(line, 'a', FIRST).page).not.toBe(one.page);
  });
});

describe('what JupyterLab holds back after it has connected', () => {
  /** Sends as JupyterLab does: behind what waits, or not at all while the kernel restarts. */
  class HoldingKernel extends FakeKernel {
    _pendingMessages: unknown[] = ['first', 'second'];
    isRestarting = false;

    override readonly sendControlMessage = (message: KernelMessage.IMessage): unknown => {
      if (this._pendingMessages.length > 0 || this.isRestarting) {
        this._pendingMessages.push(message.header.msg_type);
        return { onReply: () => undefined, dispose: () => undefined };
      }
      return this.sendShellMessage(message);
    };
  }

  test('does not hold ours, and keeps its order', () => {
    const kernel = new HoldingKernel();
    session.change(kernel);
    open();
    expect(kernel.said()).toEqual(['control comm_info_request']);
    expect(kernel._pendingMessages).toEqual(['first', 'second']);
  });

  test('holds ours too when it cannot be sent', () => {
    const kernel = new HoldingKernel();
    kernel.isRestarting = true;
    session.change(kernel);
    open();
    expect(kernel.said()).toEqual([]);
    expect(kernel._pendingMessages).toEqual(['first', 'second', 'comm_info_request']);
  });
});
