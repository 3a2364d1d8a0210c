/**
 * One page of one session: joins transport, tree, tasks, toasts and outbox, and keeps them true to the
 * kernel through reloads, gaps and lost connections.
 */
import { decodeFrame, encodeFrame, WireError, type Packet } from '../protocol/codec';
import {
  PROTOCOL,
  type CloseReason,
  type Json,
  type Node,
  type NodeId,
  type PageId,
  type TaskId,
  type ToKernel,
  type ToPage,
  type Update,
  type Welcome
} from '../protocol/wire';
import type { Transport } from '../transport/transport';
import { runStep, type JsRunner } from './js';
import { Journal } from './journal';
import { Outbox } from './outbox';
import { same, Store, type Schedule } from './store';
import { Tasks } from './tasks';
import { Ticker } from './ticker';
import { Toasts } from './toasts';
import { Uploads } from './uploads';

/**
 * - `connecting`: nothing is known yet.
 * - `live`: what is shown is what the kernel has.
 * - `lost`: the connection is gone, perhaps for a moment; edits are kept.
 * - `dead`: the kernel has forgotten the session (it restarted or ended).
 * - `closed`: the session was ended; `reason` says why.
 * - `mismatch`: page and kernel are of different versions; `sentence` says what to do.
 */
export type PageStatus =
  | { readonly kind: 'connecting' | 'live' | 'lost' | 'dead' }
  | { readonly kind: 'closed'; readonly reason: CloseReason }
  | { readonly kind: 'mismatch'; readonly sentence: string };

/** What a page needs of the world around it. */
export interface PageOptions {
  /** See {@link Store}; the default is the next animation frame. */
  readonly schedule?: Schedule;
  /** When messages to the kernel after the first of a tick go; the default is the next microtask. */
  readonly endOfTick?: Schedule;
  /** The page's clock, in milliseconds; the default is the time since the document was opened. */
  readonly now?: () => number;
  /** Random and unique; the default is a UUID. */
  readonly id?: string;
  /** Version of this package, for the sentence on a mismatch. */
  readonly version?: string;
}

const CONNECTING: PageStatus = { kind: 'connecting' };

/** One page of one session. */
export class Page {
  readonly id: PageId;
  readonly store: Store;
  readonly tasks: Tasks;
  readonly ticker: Ticker;
  readonly journal = new Journal();
  readonly toasts = new Toasts();
  readonly outbox: Outbox;
  readonly uploads: Uploads;

  constructor(
    private readonly transport: Transport,
    options: PageOptions = {}
  ) {
    const schedule = options.schedule ?? nextFrame;
    this.id = (options.id ?? crypto.randomUUID()) as PageId;
    const now = options.now ?? (() => performance.now());
    this.tasks = new Tasks(now);
    this.ticker = new Ticker(now);
    this.version = options.version ?? '';
    this.store = new Store(schedule);
    this.outbox = new Outbox(messages => this.transmit(messages), schedule, options.endOfTick);
    this.uploads = new Uploads(this.outbox);
    transport.onPacket = packet => this.receive(packet);
    transport.onState = () => this.follow();
  }

  get status(): PageStatus {
    return this._status;
  }

  /** Draw a snapshot, if the host has one, and say hello. */
  start(snapshot: Packet | null): void {
    if (snapshot !== null) {
      this.receive(snapshot);
    }
    this.follow();
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
    this.transport.close();
    this.outbox.clear();
  }

  // --- from the kernel -----------------------------------------------------------------------------

  private receive(packet: Packet): void {
    let frame;
    try {
      frame = decodeFrame(packet.content, packet.buffers);
    } catch (error) {
      if (!(error instanceof WireError)) {
        throw error;
      }
      console.warn(`ipyblocks: a message from the kernel was not understood: ${error.message}`);
      return;
    }
    if (frame.epoch === this.epoch) {
      frame.unknown.forEach(seq => this.skipped.add(seq));
    }
    frame.problems.forEach(problem => console.warn(`ipyblocks: left out a message: ${problem}`));
    const acked = frame.acks[this.id];
    this.acked = Math.max(this.acked, acked ?? 0);
    if (this.asking !== null && this.acked >= this.asking) {
      // The hello has been read; its welcome came before this frame, is in it, or was not needed.
      this.asking = null;
    }
    frame.messages.forEach(message => this.take(message, frame.epoch));
    if (acked !== undefined) {
      this.outbox.acknowledge(acked);
    }
  }

  private take(message: ToPage, epoch: string): void {
    if (message.type === 'welcome') {
      if (message.page === this.id || (message.page === null && this.epoch === null)) {
        this.welcome(message);
      }
    } else if (epoch === this.epoch) {
      this.takeNumbered(message);
    }
  }

  private takeNumbered(message: Exclude<ToPage, Welcome>): void {
    while (this.skipped.delete(this.seen + 1)) {
      this.seen += 1;
    }
    if (message.seq === this.seen + 1) {
      this.seen = message.seq;
      this.apply(message);
    } else if (message.seq > this.seen && this.asking === null) {
      // Something is missing (a host that drops output under load): start over from a snapshot.
      this.hello();
    }
  }

  private welcome(message: Welcome): void {
    this.asking = null;
    if (message.protocol !== PROTOCOL) {
      this.turn({ kind: 'mismatch', sentence: mismatch(message, this.version) });
      return;
    }
    this.epoch = message.epoch;
    this.seen = message.seq;
    this.skipped.clear();
    if (message.control) {
      this.transport.useControl();
    }
    this.store.replace(message.app, this.withOwnEdits(message.nodes));
    this.tasks.replace(message.tasks);
    this.journal.replace(message.log);
    if (this.transport.state === 'open') {
      this.turn({ kind: 'live' });
    }
  }

  private apply(message: Exclude<ToPage, Welcome>): void {
    switch (message.type) {
      case 'patch':
        this.patch(message.updates);
        break;
      case 'toast':
        this.toasts.show(message);
        this.echoError(message.level, message.message);
        break;
      case 'refused':
        this.refused(message.page, message.refused, message.message);
        break;
      case 'closed':
        this.outbox.clear();
        this.tasks.clear();
        this.turn({ kind: 'closed', reason: message.reason });
        break;
      case 'done':
        this.tasks.apply(message);
        if (message.scrollTo !== undefined) {
          this.onScrollTo(message.scrollTo);
        }
        break;
      case 'failed':
        this.tasks.apply(message);
        if (message.code === 'internal') {
          this.echoError('error', message.detail ?? message.message);
        }
        break;
      case 'graft':
        this.store.graft(message.removed, this.withOwnEdits(message.nodes));
        this.tasks.dismiss(...message.removed);
        break;
      case 'runJs':
        if (message.page === this.id) {
          void runStep(this.onJs, message).then(result => this.outbox.push(result));
        }
        break;
      case 'log':
        this.journal.add(message.entries, message.dropped);
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

  private patch(updates: readonly Update[]): void {
    try {
      this.store.patch(updates.map(update => this.withoutOwnEdits(update)));
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

  /** A value that the person has changed since the kernel sent it is older than what is shown. */
  private withoutOwnEdits(update: Update): Update {
    const props = Object.entries(update.props).filter(
      ([name]) => !this.outbox.holds(update.node, name, this.acked)
    );
    const edits = Object.entries(update.edits ?? {}).filter(
      ([name]) => !this.outbox.holds(update.node, name, this.acked)
    );
    const { node } = update;
    return { node, props: Object.fromEntries(props), edits: Object.fromEntries(edits) };
  }

  private withOwnEdits(nodes: readonly Node[]): readonly Node[] {
    return nodes.map(node => {
      const shown = this.store.node(node.id)?.props as Record<string, Json> | undefined;
      const own = Object.entries(shown ?? {}).filter(([name]) =>
        this.outbox.holds(node.id, name, this.acked)
      );
      return own.length === 0
        ? node
        : { ...node, props: { ...node.props, ...Object.fromEntries(own) } };
    });
  }

  private refused(page: PageId, seq: number, why: string): void {
    if (page === this.id && !this.uploads.refuse(seq, why)) {
      this.toasts.show({ level: 'warning', title: 'Not accepted', message: why, duration: 10 });
    }
  }

  private echoError(level: string, text: string): void {
    if (level === 'error' && this.store.app?.showError === true) {
      console.error(`ipyblocks: ${text}`);
    }
  }

  // --- to the kernel -------------------------------------------------------------------------------

  private follow(): void {
    const { kind } = this._status;
    if (kind === 'closed' || kind === 'mismatch') {
      return;
    }
    switch (this.transport.state) {
      case 'open':
        // Hosts say "open" more than once; a second hello would cost a second snapshot.
        if (!this.greeted) {
          this.greeted = true;
          this.hello();
        }
        break;
      case 'lost':
        this.greeted = false;
        this.turn({ kind: 'lost' });
        break;
      case 'dead':
        this.greeted = false;
        this.outbox.clear();
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
    if (this.epoch !== null) {
      // What is shown is right as far as it goes; a kernel that knows more answers with a welcome.
      this.turn({ kind: 'live' });
    }
  }

  private transmit(messages: readonly ToKernel[]): void {
    this.transport.send(encodeFrame(this.id, this.seen, messages));
  }

  private turn(status: PageStatus): void {
    if (same(status, this._status)) {
      return;
    }
    this._status = status;
    this.listeners.forEach(listener => listener());
  }

  private readonly version: string;
  private readonly listeners = new Set<() => void>();
  private _status: PageStatus = CONNECTING;
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

function hasValue({ props, edits = {} }: Update): boolean {
  return 'value' in props || 'value' in edits;
}

function mismatch(welcome: Welcome, version: string): string {
  const older = welcome.protocol < PROTOCOL ? 'the kernel' : 'JupyterLab';
  const newest = welcome.protocol < PROTOCOL ? version : welcome.version;
  return (
    `ipyblocks in ${older} is older than its other half. Run pip install "ipyblocks>=${newest}" in the ` +
    `environment of ${older}, then restart ${older === 'the kernel' ? 'it' : 'JupyterLab and reload the page'}.`
  );
}

/** The next animation frame, or soon in a page that is not painted. */
function nextFrame(callback: () => void): void {
  if (document.hidden) {
    setTimeout(callback, 50);
  } else {
    requestAnimationFrame(callback);
  }
}
