/**
 * The kernel connection of a document as a transport. It needs no widget model: a page that was reloaded
 * while a cell runs talks at once, and one whose kernel is new is told so at once.
 */
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';

import type { Packet } from '../protocol/codec';
import { Ahead, ENDS, type Expected } from './ahead';
import { noteApps } from './memory';
import { request, requestComms, TARGET } from './requests';
import type { Transport, TransportState } from './transport';

/** What is used of a document's `ISessionContext`: its kernel, whichever it is at the moment. */
export interface Connection extends Expected {
  readonly isReady: boolean;
  readonly ready: Promise<unknown>;
  readonly session: { readonly kernel: Kernel.IKernelConnection | null } | null;
  readonly kernelChanged: ISignal<unknown, KernelChange>;
  readonly statusChanged: ISignal<unknown, Kernel.Status>;
  readonly connectionStatusChanged: ISignal<unknown, Kernel.ConnectionStatus>;
  readonly iopubMessage: ISignal<unknown, KernelMessage.IMessage>;
  readonly disposed: ISignal<unknown, unknown>;
}

/** Which kernel a document had, and which it has now. */
interface KernelChange {
  readonly oldValue: unknown;
  readonly newValue: unknown;
}

/** Milliseconds after which a kernel that does not answer on the control channel is asked on the other. */
const PATIENCE = 2000;

const lines = new Map<Connection, KernelLine>();

/**
 * All apps of one document on its kernel. Every message of the kernel passes here, so it costs one lookup,
 * however many apps there are.
 */
export class KernelLine {
  /** The line of a document; the same one for every call. */
  static of(connection: Connection): KernelLine {
    const known = lines.get(connection);
    if (known !== undefined) {
      return known;
    }
    const line = new KernelLine(connection);
    lines.set(connection, line);
    connection.disposed.connect(() => {
      lines.delete(connection);
      line.stopAsking();
      line.ahead?.end();
    });
    return line;
  }

  /** The line of the first document with that kernel; null where there is none. */
  static with(kernel: Kernel.IKernelConnection | null): KernelLine | null {
    const id = kernel?.id;
    return [...lines.values()].find(line => id !== undefined && line.kernel?.id === id) ?? null;
  }

  private constructor(private readonly connection: Connection) {
    connection.iopubMessage.connect((_, message) => {
      if (this.ahead?.hold(message) !== true) {
        this.hear(message);
      }
    });
    connection.statusChanged.connect((_, status) => this.follow(status));
    connection.kernelChanged.connect((_, change) => this.restart(change));
    connection.connectionStatusChanged.connect(() => this.reconnect());
    void connection.ready.then(
      () => this.refresh(),
      () => undefined // the document is gone
    );
  }

  /** The document's own connection to its kernel, when there is one. */
  get kernel(): Kernel.IKernelConnection | null {
    const kernel = this.connection.session?.kernel ?? null;
    return kernel?.isDisposed === true ? null : kernel;
  }

  /**
   * A way to the app behind a comm; at most one for each comm.
   *
   * @param control - The kernel hears the comm on the control channel, as far as is known.
   */
  open(commId: string, control: boolean): ControlTransport {
    const transport = new ControlTransport(this, commId, control);
    this.transports.set(commId, transport);
    this.hasten();
    this.refresh();
    return transport;
  }

  /** Undo {@link open}. */
  shut(commId: string): void {
    this.transports.delete(commId);
  }

  /** The connection over which an app is talked to. */
  kernelOf(commId: string): Kernel.IKernelConnection | null {
    return this.isAhead(commId) ? (this.ahead?.kernel ?? null) : this.kernel;
  }

  /** Whether the app behind a comm can be talked to. */
  stateOf(commId: string): TransportState {
    if (this.isAhead(commId)) {
      return 'open';
    }
    const known = this.known.get(commId);
    if (known === false || (this.kernel === null && this.connection.isReady)) {
      return 'dead';
    }
    if (this.kernel?.connectionStatus !== 'connected') {
      return this.once.has(commId) ? 'lost' : 'asking';
    }
    return known === true ? 'open' : 'asking';
  }

  /**
   * Whether the document has yet to be told what the kernel has told us already. What goes on the shell
   * channel may have to wait there, and would go with the connection.
   */
  private isAhead(commId: string): boolean {
    const isHeard = this.transports.get(commId)?.control === true;
    return isHeard && !this.known.has(commId) && this.ahead?.has(commId) === true;
  }

  /** Do not wait until the document is connected: that is the last thing JupyterLab does to open it. */
  private hasten(): void {
    if (this.ahead === null && this.kernel === null && !this.connection.isReady) {
      this.ahead = Ahead.of(this.connection);
    }
    if (this.ahead !== null) {
      this.ahead.onMessage = message => this.hear(message);
      this.ahead.onChange = () => this.refresh();
    }
  }

  /** From the document's own connection on, when that has told as much, it is used alone. */
  private settle(): void {
    const { ahead, kernel } = this;
    if (ahead === null) {
      return;
    }
    const isOther = kernel === null ? this.connection.isReady : kernel.id !== ahead.kernel.id;
    const isSame =
      kernel?.connectionStatus === 'connected' &&
      ![...this.transports.keys()].some(id => this.isAhead(id));
    if (isOther || isSame) {
      this.ahead = null;
      ahead.end().forEach(message => this.hear(message));
    }
  }

  /**
   * What was known of apps may hold no longer: ask the kernel again. Until it has answered, all is as before.
   */
  doubt(commIds: readonly string[]): void {
    commIds.filter(id => this.known.get(id) === true).forEach(id => this.doubted.add(id));
    this.stopAsking();
    this.refresh();
  }

  private hear(message: KernelMessage.IMessage): void {
    this.noteProcess(message.header.session);
    const { comm_id: id = '' } = message.content as { comm_id?: string };
    switch (message.header.msg_type as string) {
      case 'comm_msg':
        this.transports.get(id)?.take(message as KernelMessage.ICommMsgMsg);
        break;
      case 'comm_open':
        if (isOurs(message as KernelMessage.ICommOpenMsg)) {
          this.learn(id, true);
        }
        break;
      case 'comm_close':
        if (this.transports.has(id)) {
          this.learn(id, false);
        } else {
          this.known.delete(id);
        }
        break;
    }
  }

  /**
   * A process names itself in all that it says. When somebody else restarts the kernel, another document or
   * another browser, nothing but another name tells.
   */
  private noteProcess(name: string): void {
    if (!this.processes.has(name)) {
      this.processes.add(name);
      if (this.processes.size > 1) {
        this.doubt([...this.transports.keys()]);
      }
    }
  }

  private learn(id: string, there: boolean): void {
    this.known.set(id, there);
    this.refresh();
  }

  private follow(status: Kernel.Status): void {
    if (ENDS.has(status)) {
      this.lose();
    }
    this.refresh();
  }

  /** Another kernel, or the same one again, or none. */
  private restart({ oldValue, newValue }: KernelChange): void {
    if (newValue !== null) {
      this.stopAsking();
      this.known.clear();
      this.doubted.clear();
    } else if (oldValue !== null) {
      this.lose(); // it was shut down, and the document goes on without
    }
    this.processes.clear();
    this.refresh();
  }

  /** Nothing that the kernel had is there. */
  private lose(): void {
    this.stopAsking();
    this.known.clear();
    this.doubted.clear();
    [...this.transports.keys()].forEach(id => this.known.set(id, false));
  }

  /** The kernel may have ended while it was away. What has ended before stays so. */
  private reconnect(): void {
    this.stopAsking();
    [...this.known].forEach(([id, there]) => there && this.known.delete(id));
    this.refresh();
  }

  /** Tell every app how it is with its kernel now, and ask the kernel where that is not known. */
  private refresh(): void {
    this.settle();
    const all = [...this.transports];
    all.forEach(([, transport]) => transport.update());
    const { kernel } = this;
    if (kernel?.connectionStatus === 'connected' && this.unsure().length > 0) {
      this.ask(kernel);
    }
  }

  /** Apps of which the kernel is to say whether it has them. */
  private unsure(): string[] {
    const all = [...this.transports.keys()];
    return all.filter(id => !this.known.has(id) || this.doubted.has(id));
  }

  private ask(kernel: Kernel.IKernelConnection): void {
    if (this.asking !== null) {
      return;
    }
    const question = new AbortController();
    this.asking = question;
    const answer = (comms: object): void => {
      if (this.asking === question) {
        this.stopAsking();
        this.unsure().forEach(id => this.known.set(id, id in comms));
        this.doubted.clear();
        this.refresh();
      }
    };
    // A kernel answers there while a cell runs, if it answers there at all.
    requestComms(kernel, 'control', question.signal, answer);
    const timer = setTimeout(
      () => requestComms(kernel, 'shell', question.signal, answer),
      PATIENCE
    );
    question.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  private stopAsking(): void {
    this.asking?.abort();
    this.asking = null;
  }

  /** Note that an app has been talked to. */
  use(commId: string): void {
    if (!this.once.has(commId)) {
      this.once.add(commId);
      noteApps(this.kernelOf(commId)?.id);
    }
  }

  private readonly transports = new Map<string, ControlTransport>();
  /** By comm: whether the kernel has it; absent: not known. */
  private readonly known = new Map<string, boolean>();
  /** Comms that are asked for although they are known. */
  private readonly doubted = new Set<string>();
  /** Names of the processes that were heard since the document has its kernel; more than one: it was restarted. */
  private readonly processes = new Set<string>();
  /** Comms that have been open. */
  private readonly once = new Set<string>();
  private asking: AbortController | null = null;
  private ahead: Ahead | null = null;
}

/** One app on the line of its document. Made by {@link KernelLine.open}. */
export class ControlTransport implements Transport {
  onPacket: (packet: Packet) => void = () => undefined;
  onState: () => void = () => undefined;

  constructor(
    private readonly line: KernelLine,
    private readonly commId: string,
    control: boolean
  ) {
    this._control = control;
    this.last = line.stateOf(commId);
  }

  /** Whether the kernel hears the comm on the control channel. */
  get control(): boolean {
    return this._control;
  }

  get state(): TransportState {
    return this.line.stateOf(this.commId);
  }

  get waits(): boolean {
    return !this.control && this.line.kernelOf(this.commId)?.status === 'busy';
  }

  send(packet: Packet): void {
    const kernel = this.line.kernelOf(this.commId);
    if (kernel !== null && this.state === 'open') {
      const data = { method: 'custom', content: packet.content };
      const content = { comm_id: this.commId, data };
      const channel = this.control ? 'control' : 'shell';
      // Nobody waits for what a kernel says to such a message, and the future would be kept for ever.
      request(kernel, channel, 'comm_msg', content, packet.buffers, false).dispose();
    }
  }

  useControl(): void {
    this._control = true;
  }

  doubt(): void {
    this.line.doubt([this.commId]);
  }

  close(): void {
    this.line.shut(this.commId);
    this.onPacket = () => undefined;
    this.onState = () => undefined;
  }

  /** A message of the comm has come. */
  take(message: KernelMessage.ICommMsgMsg): void {
    const { method, content } = message.content.data as { method?: string; content?: unknown };
    if (method === 'custom') {
      const buffers = (message.buffers ?? []).map(each =>
        each instanceof ArrayBuffer ? new Uint8Array(each) : each
      );
      this.onPacket({ content, buffers });
    }
  }

  /** Tell the page when the state has become another one. */
  update(): void {
    const { state } = this;
    if (state === 'open') {
      this.line.use(this.commId);
    }
    if (state !== this.last) {
      this.last = state;
      this.onState();
    }
  }

  private _control: boolean;
  private last: TransportState;
}

function isOurs({ content }: KernelMessage.ICommOpenMsg): boolean {
  const { state } = content.data as { state?: { _model_module?: unknown } };
  return content.target_name === TARGET && state?._model_module === 'ipyblocks';
}
