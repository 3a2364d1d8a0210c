/** Apps before JupyterLab has connected their document, and how the document's connection takes over. */
import { PageConfig } from '@jupyterlab/coreutils';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { holdPage } from '../../src/host/pages';
import { connectAhead } from '../../src/host/plugin';
import type { Packet } from '../../src/protocol/codec';
import { Ahead, UNCLAIMED } from '../../src/transport/ahead';
import { KernelLine, type ControlTransport } from '../../src/transport/control';
import { hadApps, noteApps } from '../../src/transport/memory';
import { commMessage, FakeKernel, FakeSession, iopub } from './kernels';

let session: FakeSession;
let line: KernelLine;

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  session = new FakeSession();
  session.isReady = false;
  session.session = null;
  session.running = [
    { path: 'other.ipynb', kernel: { id: 'other', name: 'python3' } },
    { path: 'notebook.ipynb', kernel: { id: 'kernel', name: 'python3' } }
  ];
  line = KernelLine.of(session.connection);
});

afterEach(() => {
  session.disposed.emit();
  expect(session.made.filter(kernel => !kernel.isDisposed)).toEqual([]);
  vi.advanceTimersByTime(20); // Lumino tidies up in a frame, and jsdom tells others what is stored
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

interface Opened {
  readonly transport: ControlTransport;
  readonly packets: unknown[];
  readonly states: string[];
}

function open(id = 'a', control = true): Opened {
  const transport = line.open(id, control);
  const opened: Opened = { transport, packets: [], states: [] };
  transport.onPacket = (packet: Packet) => opened.packets.push(packet.content);
  transport.onState = () => opened.states.push(transport.state);
  return opened;
}

/** The connection of our own, after the kernel has said which comms it has. */
function ahead(...comms: string[]): FakeKernel {
  const [kernel] = session.made;
  kernel!.connect();
  kernel!.answer(...comms);
  kernel!.said();
  return kernel!;
}

/** JupyterLab connects the document; what the kernel answers is up to the test. */
function connectDocument(id = 'kernel'): FakeKernel {
  const kernel = new FakeKernel(id);
  kernel.connectionStatus = 'connecting';
  session.change(kernel);
  session.isReady = true;
  session.connect('connected');
  return kernel;
}

const packet = (content: unknown): Packet => ({ content, buffers: [] });

describe('a document that has no kernel yet', () => {
  test('is connected to the one that it will have', () => {
    const { transport, states } = open();
    expect(session.kernelManager.connectTo).toHaveBeenCalledExactlyOnceWith({
      model: { id: 'kernel', name: 'python3' },
      handleComms: false
    });
    const [kernel] = session.made;
    expect(kernel!.said()).toEqual([]);
    kernel!.connect();
    expect([transport.state, kernel!.sent.map(({ channel, type }) => [channel, type])]).toEqual([
      'asking',
      [['control', 'comm_info_request']]
    ]);
    kernel!.answer('a', 'b');
    expect(states).toEqual(['open']);
    transport.send(packet(1));
    expect(kernel!.said().at(-1)).toBe('control comm_msg');
    // known for all that come
    expect(open('b').transport.state).toBe('open');
    expect(session.made).toHaveLength(1);
  });

  test.each([
    ['has no session', () => (session.running = [])],
    ['has a session without a kernel', () => (session.running[1]!.kernel = null)],
    ['will get a kernel of its own', () => (session.kernelPreference = { shouldReuse: false })]
  ])('waits where it %s', (_, arrange) => {
    arrange();
    expect(open().transport.state).toBe('asking');
    expect(session.made).toEqual([]);
  });

  test('and one that has is asked itself', () => {
    connectDocument();
    open();
    expect(session.made).toEqual([]);
  });

  test('is not called dead by what came before it', () => {
    const { transport, states } = open();
    ahead('other');
    expect([transport.state, states]).toEqual(['asking', []]);
    connectDocument().answer();
    expect(states).toEqual(['dead']);
  });

  test('waits with apps that the kernel hears on the shell channel', () => {
    const { transport, states } = open('a', false);
    const kernel = ahead('a');
    transport.send(packet(1));
    expect([transport.state, kernel.said()]).toEqual(['asking', []]);
    connectDocument().answer('a');
    expect(states).toEqual(['open']);
  });

  test('greets the kernel once', () => {
    const held = holdPage(line, 'a', { packet: null, isOld: true, control: true, version: '1' });
    const first = session.made[0]!;
    first.connect();
    first.answer('a');
    const kernel = connectDocument();
    kernel.answer('a');
    const said = [...first.said(), ...kernel.said()];
    expect(said.filter(each => each === 'control comm_msg')).toHaveLength(1);
    held.release();
    vi.runAllTimers();
  });
});

describe('the document is connected', () => {
  test('and takes over when it knows as much', () => {
    const { transport, states } = open();
    const first = ahead('a');
    const kernel = connectDocument();
    expect([first.isDisposed, kernel.sent.map(({ type }) => type)]).toEqual([
      false,
      ['comm_info_request']
    ]);
    transport.send(packet(1));
    expect(first.said()).toEqual(['control comm_msg']);
    kernel.answer('a');
    expect(first.isDisposed).toBe(true);
    kernel.said();
    transport.send(packet(2));
    expect(kernel.said()).toEqual(['control comm_msg']);
    expect(states).toEqual(['open']);
  });

  test('and every message comes once, in order, whoever hears it first', () => {
    const { packets } = open();
    const first = ahead('a');
    const messages = [1, 2, 3, 4, 5].map(content => commMessage('a', content));
    const [one, two, three, four, five] = messages as [never, never, never, never, never];
    first.iopubMessage.emit(one);
    const kernel = connectDocument();
    session.iopubMessage.emit(two); // the document hears it first
    first.iopubMessage.emit(two);
    first.iopubMessage.emit(three); // and this one last
    session.iopubMessage.emit(three);
    session.iopubMessage.emit(four); // nobody else hears it
    expect(packets).toEqual([1, 2, 3]);
    kernel.answer('a');
    expect(packets).toEqual([1, 2, 3, 4]);
    first.iopubMessage.emit(four);
    session.iopubMessage.emit(five);
    expect(packets).toEqual([1, 2, 3, 4, 5]);
  });

  test('before our own is: that one goes, and nothing waits for it', () => {
    const { states, packets } = open();
    const kernel = connectDocument();
    expect(session.made[0]!.isDisposed).toBe(true);
    session.message('a', 1);
    kernel.answer('a');
    expect([states, packets]).toEqual([['open'], [1]]);
  });

  test('to another kernel: what the first said does not count', () => {
    const { transport, states } = open();
    const first = ahead('a');
    connectDocument('another').answer();
    expect(first.isDisposed).toBe(true);
    expect(states).toEqual(['open', 'lost', 'asking', 'dead']);
    expect(transport.state).toBe('dead');
  });

  test('to none', async () => {
    const { transport } = open();
    const first = ahead('a');
    session.isReady = true;
    session.change(null);
    await Promise.resolve();
    expect([first.isDisposed, transport.state]).toEqual([true, 'dead']);
  });
});

describe('in the meantime', () => {
  test('the kernel restarts: nothing is open, and the document’s connection tells', () => {
    const { transport, states } = open();
    const first = ahead('a');
    first.turn('restarting');
    expect(transport.state).toBe('lost');
    // a connection is made anew by JupyterLab; disposed of here, that would fail
    expect(first.isDisposed).toBe(false);
    first.connect('connecting');
    first.connect('connected');
    expect(first.said()).toEqual([]);
    connectDocument().answer();
    expect(states.at(-1)).toBe('dead');
  });

  test('the connection breaks', () => {
    const { transport, states } = open();
    ahead('a').connect('connecting');
    expect(transport.state).toBe('lost');
    connectDocument().answer('a');
    expect(states).toEqual(['open', 'lost', 'asking', 'open']);
  });

  test('the app is closed', () => {
    const { transport, states } = open();
    const first = ahead('a');
    first.iopubMessage.emit(iopub('comm_close', { comm_id: 'a' }));
    expect(transport.state).toBe('dead');
    connectDocument().answer();
    expect(transport.state).toBe('dead');
    expect(states.lastIndexOf('open')).toBe(0);
  });
});

describe('a page that is loaded again', () => {
  const expectNotebook = (): Promise<void> => Ahead.expect('notebook.ipynb', session.connection);

  test('connects before the document is opened, where the tab had apps', async () => {
    noteApps('kernel');
    await expectNotebook();
    await expectNotebook();
    expect(session.made).toHaveLength(1);
    ahead('a');
    expect(open().transport.state).toBe('open');
    expect(session.made).toHaveLength(1);
  });

  test.each([
    ['JupyterLab', 'notebook.ipynb', '/lab/tree/any.ipynb'],
    ['Notebook 7', '', '/base/notebooks/with%20a%20space.ipynb']
  ])('knows the document that %s was asked for', async (_, option, address) => {
    noteApps('kernel');
    session.running[0] = {
      path: option || 'with a space.ipynb',
      kernel: { id: 'kernel', name: 'python3' }
    };
    PageConfig.setOption('treePath', option);
    history.replaceState(null, '', address);
    const managers = { sessions: session.sessionManager, kernels: session.kernelManager };
    await connectAhead(managers as never);
    vi.advanceTimersByTime(UNCLAIMED);
    PageConfig.setOption('treePath', '');
    history.replaceState(null, '', '/');
    expect(session.made.map(({ id }) => id)).toEqual(['kernel']);
  });

  test('is as it was where the address makes no sense, or the server does not answer', async () => {
    history.replaceState(null, '', '/notebooks/%E0%A4%A');
    const managers = { sessions: session.sessionManager, kernels: session.kernelManager };
    await expect(connectAhead(managers as never)).resolves.toBeUndefined();
    history.replaceState(null, '', '/');
    const away = { ...session.sessionManager, ready: Promise.reject(new Error('away')) };
    const connected = connectAhead({ ...managers, sessions: away } as never);
    await expect(connected).resolves.toBeUndefined();
  });

  test('does not where it had none, or another document is wanted', async () => {
    await expectNotebook();
    noteApps('other');
    await expectNotebook();
    await Ahead.expect('none.ipynb', session.connection);
    expect(session.made).toEqual([]);
  });

  test('disconnects when the document does not come', async () => {
    noteApps('kernel');
    await expectNotebook();
    vi.advanceTimersByTime(UNCLAIMED);
    expect(session.made[0]!.isDisposed).toBe(true);
    open();
    expect(session.made).toHaveLength(2);
  });

  test('remembers the kernels of its apps', () => {
    open();
    expect(hadApps('kernel')).toBe(false);
    ahead('a');
    expect(hadApps('kernel')).toBe(true);
    Array.from({ length: 20 }, (_, i) => noteApps(String(i)));
    expect([hadApps('kernel'), hadApps('19')]).toEqual([false, true]);
  });

  test.each(['{"a": 1}', 'no json', '[1, null]'])('reads what others have left: %s', text => {
    sessionStorage.setItem('ipyblocks:kernels', text);
    expect(hadApps('kernel')).toBe(false);
    noteApps('kernel');
    expect(hadApps('kernel')).toBe(true);
  });

  test('does without, where a page may keep nothing', () => {
    const refuse = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new Error('not allowed');
    });
    noteApps('kernel');
    expect(hadApps('kernel')).toBe(false);
    refuse.mockRestore();
  });
});
