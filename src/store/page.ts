/**
 * One page of one session: joins transport, tree, tasks, toasts and outbox, and keeps them true to the
 * kernel through reloads, gaps and lost connections.
 */
import { encodeFrame, type DecodedFrame, type Packet } from '../protocol/codec';
import {
  PROTOCOL,
  type Json,
  type NodeId,
  type PageId,
  type Part,
  type Received,
  type RunJs,
  type TaskId,
  type ToKernel,
  type ToPage,
  type Update,
  type Welcome
} from '../protocol/wire';
import { mayWait, type Transport } from '../transport/transport';
import { Effects } from './effects';
import { runStep, type JsRunner } from './js';
import { hasValue } from './edits';
import { Files, type Beside } from './files';
import { Journal } from './journal';
import { Nudge } from './nudge';
import { withOwn, withoutOwn, type Holds } from './own';
import { Patience } from './patience';
import { Outbox } from './outbox';
import { readFrame } from './reading';
import { later, nextFrame } from './runouts';
import { isOver, mismatch, type PageStatus } from './status';
import { same, Store } from './store';
import type { PageOptions } from './surroundings';
import { Tasks } from './tasks';
import { Ticker } from './ticker';
import { Toasts } from './toasts';

/** A message of the kernel's count. */
type Counted = Exclude<ToPage, Welcome | Received | Part>;

/** One page of one session. */
export class Page {
  readonly id: PageId;
  readonly store: Store;
  readonly tasks: Tasks;
  readonly ticker: Ticker;
  readonly journal = new Journal();
  readonly toasts = new Toasts();
  readonly effects: Effects;
  readonly outbox: Outbox;
  readonly files: Files;

  constructor(
    private readonly transport: Transport,
    options: PageOptions = {}
  ) {
    const schedule = options.schedule ?? nextFrame;
    this.id = (options.id ?? crypto.randomUUID()) as PageId;
    const now = options.now ?? (() => performance.now());
    this.nudge = new Nudge(options.later ?? later, () => this.remind());
    this.patience = new Patience(
      options.later ?? later,
      () => mayWait(transport) && this.outbox.unanswered,
      () => this.tellStatus()
    );
    this.tasks = new Tasks(now, { ...options, ask: message => this.outbox.push(message) });
    this.ticker = new Ticker(now);
    this.version = options.version ?? '';
    this.store = new Store(schedule);
    this.outbox = new Outbox(messages => this.transmit(messages), schedule, options.endOfTick);
    this.effects = new Effects(this.id, answer => this.outbox.push(answer), options.shelf);
    this.files = new Files(this.id, this.outbox, {
      send: message => this.transmitBeside(message),
      isOpen: () => this.transport.state === 'open' && !isOver(this._status),
      later: options.later ?? later,
      now,
      tab: options.tab
    });
    transport.onPacket = packet => this.receive(packet);
    transport.onState = () => this.follow();
  }

  get status(): PageStatus {
    return this._status;
  }

  /** What the person did waits for a kernel that is busy. */
  get isWaiting(): boolean {
    return this.patience.isOver;
  }

  /**
   * Draw a snapshot, if the host has one, and say hello.
   *
   * @param isOld - It was made some time ago: what the person typed since then is in no message, so the
   *   kernel is asked for the whole session.
   */
  start(snapshot: Packet | null, isOld = false): void {
    if (snapshot !== null) {
      this.starting = true;
      this.receive(snapshot);
      this.starting = false;
      this.seen = isOld ? -1 : this.seen;
    }
    this.follow();
  }

  /** Whether the kernel has ever known this page. */
  get wasLive(): boolean {
    return this.lived;
  }

  /** The app was taken out of the notebook: end its session. */
  end(): void {
    this.outbox.push({ type: 'end' });
  }

  /** Where the page stands in the kernel's count; null before the first welcome. */
  get place(): { readonly epoch: string; readonly seen: number } | null {
    return this.epoch === null ? null : { epoch: this.epoch, seen: Math.max(this.seen, 0) };
  }

  /** The person edited props of a node. */
  edit(node: NodeId, props: Readonly<Record<string, Json>>): void {
    this.store.edit(node, props);
    this.outbox.set(node, props);
  }

  /** Something happened at a node. Not sent when nobody listens. */
  fire(node: NodeId, name: string, data: Json = null): void {
    if (this.store.node(node)?.events.has(name) === true) {
      this.outbox.push({ type: 'event', node, name, data });
    }
  }

  /** Stop a task. */
  cancel(task: TaskId): void {
    this.outbox.push({ type: 'cancel', task });
  }

  subscribeStatus(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Runs code of the app's author; set by the first view, because only views are known to be trusted. */
  onJs: JsRunner | null = null;

  /** Be told when a node should be brought into view. */
  onScrollTo: (node: NodeId) => void = () => undefined;

  /** Stop. What is shown stays. */
  close(): void {
    this.files.uploads.leave();
    this.transport.close();
    this.forget();
    this.nudge.rest();
    this.patience.rest();
    this.tasks.rest();
  }

  // --- from the kernel -----------------------------------------------------------------------------

  private receive(packet: Packet): void {
    const frame = isOver(this._status) ? null : readFrame(packet);
    if (frame === null) {
      return;
    }
    if (frame.epoch === this.epoch) {
      frame.unknown.forEach(seq => this.skipped.add(seq));
    }
    const acked = frame.acks[this.id];
    const isNews = (acked ?? 0) > this.acked;
    this.acked = Math.max(this.acked, acked ?? 0);
    if (this.asking !== null && this.acked >= this.asking) {
      // The hello has been read; its welcome came before this frame, is in it, or was not needed.
      this.asking = null;
    }
    frame.messages.forEach(message => this.take(message, frame.epoch));
    if (acked !== undefined) {
      this.outbox.acknowledge(acked);
      this.tasks.failures.acknowledge(acked);
      if (!this.outbox.unanswered) {
        this.patience.rest();
      }
    }
    if (isNews) {
      this.nudge.answered(this.outbox.unanswered || this.asking !== null);
    }
    const isMine = frame.epoch === this.epoch || this.epoch === null;
    if (isMine && !this.starting && !isOver(this._status)) {
      this.answer(frame);
    }
  }

  /** What a frame says beside its messages. */
  private answer({ last, ask, missing }: DecodedFrame): void {
    // Without a welcome: the kernel has read the hello, and its answer is lost.
    const isBehind = this.epoch === null || last > this.reached() || missing.includes(this.id);
    if (isBehind && this.asking === null) {
      this.hello();
    } else if (ask) {
      this.transmit([]);
    }
    this.files.follow(this.epoch);
  }

  private take(message: ToPage, epoch: string): void {
    if (message.type === 'welcome') {
      if (message.page === this.id || (message.page === null && this.epoch === null)) {
        this.welcome(message);
      }
    } else if (epoch !== this.epoch) {
      return;
    } else if (message.type === 'received' || message.type === 'part') {
      this.files.take(message);
    } else {
      this.takeNumbered(message);
    }
  }

  /** How far the page is in the kernel's count, with messages that it cannot read. */
  private reached(): number {
    while (this.skipped.delete(this.seen + 1)) {
      this.seen += 1;
    }
    return this.seen;
  }

  private takeNumbered(message: Counted): void {
    // Nothing follows the end, whatever has been missed before it.
    if (message.seq === this.reached() + 1 || message.type === 'closed') {
      this.seen = message.seq;
      this.apply(message);
    } else if (message.seq > this.seen && this.asking === null) {
      // Something is missing (a host that drops output under load): start over from a snapshot.
      this.hello();
    }
  }

  private welcome(message: Welcome): void {
    if (message.epoch === this.epoch && message.seq < this.seen) {
      return; // overtaken by newer ones
    }
    this.asking = null;
    if (message.protocol !== PROTOCOL) {
      this.finish({ kind: 'mismatch', sentence: mismatch(message, this.version) });
      return;
    }
    this.epoch = message.epoch;
    this.seen = message.seq;
    this.skipped.clear();
    if (message.control) {
      this.transport.useControl();
    }
    this.store.replace(message.app, withOwn(message.nodes, this.store, this.holds));
    this.tasks.replace(message.tasks, message.failures ?? []);
    this.journal.replace(message.log);
    if (this.transport.state === 'open' && !this.starting) {
      this.turn({ kind: 'live' });
    }
  }

  private apply(message: Counted): void {
    switch (message.type) {
      case 'patch':
        this.patch(message.updates);
        break;
      case 'toast':
        this.toasts.show(message);
        this.echoError(message.level === 'error', message.message);
        break;
      case 'refused':
        if (message.page === this.id) {
          this.toasts.refuse(message.message);
        }
        break;
      case 'closed':
        this.finish({ kind: 'closed', reason: message.reason });
        break;
      case 'done':
        this.tasks.apply(message);
        if (message.scrollTo !== undefined) {
          this.onScrollTo(message.scrollTo);
        }
        break;
      case 'failed':
        this.tasks.apply(message);
        this.echoError(message.code === 'internal', message.detail ?? message.message);
        break;
      case 'graft':
        this.store.graft(message.removed, withOwn(message.nodes, this.store, this.holds));
        this.tasks.leave(message.removed);
        break;
      case 'runJs':
        this.runJs(message);
        break;
      case 'log':
        this.journal.add(message.entries, message.dropped);
        break;
      case 'copyText':
      case 'saveFile':
      case 'openUrl':
      case 'askStored':
      case 'store':
        this.effects.take(message, this.starting);
        break;
      case 'called':
      case 'output':
        // Answers to a client's calls; a page makes none.
        break;
      case 'progress':
      case 'queued':
      case 'started':
      case 'stopping':
        this.tasks.apply(message);
        break;
      default:
        message satisfies never;
    }
  }

  private runJs(message: RunJs): void {
    if (message.page === this.id) {
      void runStep(this.onJs, message).then(result => this.outbox.push(result));
    }
  }

  private patch(updates: readonly Update[]): void {
    try {
      this.store.patch(updates.map(update => withoutOwn(update, this.holds)));
      this.tasks.received(updates.filter(hasValue).map(({ node }) => node));
    } catch (error) {
      if (!(error instanceof RangeError)) {
        throw error;
      }
      // A change of a value that this page does not have: start over from a snapshot.
      console.warn(`ipyblocks: ${error.message}`);
      this.seen = -1;
      this.hello();
    }
  }

  /** Whether what the kernel says of a prop is older than what the person did with it. */
  private readonly holds: Holds = (node, name) => this.outbox.holds(node, name, this.acked);

  private echoError(isError: boolean, text: string): void {
    if (isError && this.store.app?.showError === true) {
      console.error(`ipyblocks: ${text}`);
    }
  }

  // --- to the kernel -------------------------------------------------------------------------------

  private follow(): void {
    const { kind } = this._status;
    if (isOver(this._status)) {
      return;
    }
    if (this.transport.state !== 'open') {
      this.nudge.rest();
      this.patience.rest();
    }
    switch (this.transport.state) {
      case 'open':
        // Hosts say "open" more than once; a second hello would cost a second snapshot.
        if (!this.greeted) {
          this.greeted = true;
          this.hello();
        }
        break;
      case 'asking':
      case 'lost':
        this.greeted = false;
        if (this.transport.state === 'lost' || kind === 'live') {
          this.turn({ kind: 'lost' });
        }
        break;
      case 'dead':
        this.greeted = false;
        this.forget();
        this.tasks.clear();
        this.turn({ kind: 'dead' });
        break;
    }
  }

  private hello(): void {
    const { epoch, seen } = this;
    this.asking = Infinity;
    this.outbox.resend([{ type: 'hello', protocol: PROTOCOL, epoch, seen }]);
    // Unless the answer was already there, as it is in a loopback.
    this.asking = this.asking === null ? null : this.outbox.last;
    this.files.resume();
    if (this.epoch !== null) {
      // What is shown is right as far as it goes; a kernel that knows more answers with a welcome.
      this.turn({ kind: 'live' });
    }
  }

  private transmit(messages: readonly ToKernel[], ask?: true): void {
    if (isOver(this._status)) {
      return;
    }
    const heading = this.heading();
    this.transport.send(encodeFrame(ask === undefined ? heading : { ...heading, ask }, messages));
    if (messages.length > 0 && this.transport.state === 'open') {
      this.nudge.arm();
      if (mayWait(this.transport)) {
        this.patience.start();
      }
    }
  }

  /** Pieces of files, which are asked for again when they are lost. */
  private transmitBeside(message: Beside): void {
    this.outbox.catchUp();
    this.transport.send(encodeFrame(this.heading(), [{ seq: 0, ...message }]));
  }

  private heading(): { page: PageId; ack: number; last: number } {
    return { page: this.id, ack: Math.max(this.seen, 0), last: this.outbox.last };
  }

  private finish(status: PageStatus): void {
    this.forget();
    this.nudge.rest();
    this.patience.rest();
    this.tasks.clear();
    this.turn(status);
  }

  /** The session is gone, and all that was on its way. */
  private forget(): void {
    this.outbox.clear();
    this.files.clear();
  }

  /** The kernel has not answered for long: what it was sent may be lost, and nothing else would tell. */
  private remind(): void {
    if (this.transport.waits === true) {
      return; // it is only busy
    }
    this.transport.doubt?.();
    if (this.asking === null) {
      this.transmit([], true);
    } else {
      this.hello();
    }
  }

  private turn(status: PageStatus): void {
    if (same(status, this._status)) {
      return;
    }
    this._status = status;
    this.lived ||= status.kind === 'live';
    this.tellStatus();
  }

  private tellStatus(): void {
    this.listeners.forEach(listener => listener());
  }

  /** Version of this package. */
  readonly version: string;
  private readonly nudge: Nudge;
  private readonly patience: Patience;
  private readonly listeners = new Set<() => void>();
  private _status: PageStatus = { kind: 'connecting' };
  private lived = false;
  /** A snapshot is being read: nothing in it says that the kernel is there. */
  private starting = false;
  private epoch: string | null = null;
  private seen = 0;
  private acked = 0;
  /** Number of the last message that went with a hello which has not been answered; null: none. */
  private asking: number | null = null;
  /** Whether a hello was sent since the transport opened. */
  private greeted = false;
  /** Numbers to come that belong to messages of an unknown type. */
  private readonly skipped = new Set<number>();
}
