/** What several tests need: a clock cranked by hand, frames as a kernel sends them, and a page on a loopback. */
import type { App, Json, Node, NodeId, TaskId, ToKernel } from '../../src/protocol/wire';
import { Page } from '../../src/store/page';
import type { Later } from '../../src/store/runouts';
import type { Schedule } from '../../src/store/store';
import { Loopback } from '../../src/transport/loopback';

export const EPOCH = 'e1';
export const PAGE = 'page-1';

/** Frames that come, and time that passes, when the test says so. */
export class Clock {
  /** Milliseconds. */
  time = 0;
  readonly now = (): number => this.time;
  readonly schedule: Schedule = callback => {
    this.waiting.push(callback);
  };

  readonly later: Later = (callback, milliseconds) => {
    const timer = { at: this.time + milliseconds, callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  };

  /** How many timers there are. */
  get ticking(): number {
    return this.timers.size;
  }

  /** Time goes by; timers that are due run, in order. */
  pass(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const [next] = [...this.timers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) {
        this.time = end;
        return;
      }
      this.time = Math.max(this.time, next.at);
      this.timers.delete(next);
      next.callback();
    }
  }

  get idle(): boolean {
    return this.waiting.length === 0;
  }

  /** One frame: what waits now runs; what that schedules waits for the next. */
  frame(): void {
    const due = this.waiting;
    this.waiting = [];
    due.forEach(callback => callback());
  }

  private waiting: (() => void)[] = [];
  private readonly timers = new Set<{ readonly at: number; readonly callback: () => void }>();
}

export const node = (id: number): NodeId => id as NodeId;
export const task = (id: number): TaskId => id as TaskId;

/** The same again, as JSON carries it; Node's `structuredClone` makes objects of another realm. */
export const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export const APP: App = {
  title: 'Test',
  css: null,
  js: null,
  head: null,
  tokens: null,
  height: null,
  width: null,
  fillHeight: false,
  showError: false,
  maxFileSize: null
};

/** A column with two text fields and a button; ids 0 to 3. */
export const NODES: readonly Node[] = [
  { id: node(0), kind: 'blocks', props: {}, children: [1, 2, 3].map(node) },
  { id: node(1), kind: 'textbox', props: { value: 'a' }, events: ['input', 'submit'] },
  { id: node(2), kind: 'textbox', props: { value: 'b', interactive: false } },
  { id: node(3), kind: 'button', props: { value: 'Run' }, events: ['click'] }
];

type Fields = Readonly<Record<string, unknown>>;

export function welcome(fields: Fields = {}): Fields {
  return {
    type: 'welcome',
    seq: 0,
    page: PAGE,
    protocol: 1,
    version: '1.0',
    epoch: EPOCH,
    control: false,
    app: APP,
    nodes: NODES,
    tasks: [],
    log: [],
    ...fields
  };
}

export function frame(messages: readonly Fields[], acks: Fields = {}, epoch = EPOCH): Fields {
  const last = Math.max(0, ...messages.map(message => Number(message['seq'] ?? 0)));
  return { epoch, acks, last, messages };
}

export function patch(seq: number, id: number, props: Fields): Fields {
  return { type: 'patch', seq, updates: [{ node: id, props }] };
}

export function queued(id: number, fields: Fields = {}): Fields {
  const place = { position: 0, size: 1 };
  return { ...started(id), type: 'queued', ...place, ...fields };
}

export function started(id: number, fields: Fields = {}): Fields {
  const common = { task: id, name: 'work', nodes: [1], showProgress: 'full', eta: null };
  return { type: 'started', ...common, ...fields };
}

export function progress(id: number, units: readonly Fields[], fake: Fields | null = null): Fields {
  return { type: 'progress', task: id, units: units.map(each => ({ ...UNIT, ...each })), fake };
}

const UNIT = { index: null, length: null, unit: 'steps', progress: null, desc: null };

/** A task as a welcome tells of it. */
export function waiting(id: number, state: string, fields: Fields = {}): Fields {
  const common = { id, name: 'work', state, nodes: [1], showProgress: 'full' };
  const place = { position: null, size: null, eta: null, elapsed: 0 };
  return { ...common, ...place, units: [], fake: null, ...fields };
}

/** A page that has said hello; `kernel` is the other end. */
export class Bench {
  readonly clock = new Clock();
  readonly kernel = new Loopback();
  readonly page = new Page(this.kernel, {
    schedule: this.clock.schedule,
    endOfTick: send => send(),
    now: this.clock.now,
    later: this.clock.later,
    id: PAGE,
    version: '0.9'
  });

  /** Deliver messages of the epoch. */
  deliver(messages: readonly Fields[], acked?: number): void {
    this.kernel.deliver(frame(messages, acked === undefined ? {} : { [PAGE]: acked }));
  }

  /** Messages sent since the last call. */
  sent(): ToKernel[] {
    return this.kernel.sent
      .splice(0)
      .flatMap(packet => (packet.content as { messages: ToKernel[] }).messages);
  }

  value(id: number): Json | undefined {
    return (this.page.store.node(node(id))?.props as Record<string, Json> | undefined)?.['value'];
  }
}

/** A page that is live and has nothing on its way. */
export function livePage(fields: Fields = {}): Bench {
  const bench = new Bench();
  bench.page.start(null);
  bench.deliver([welcome(fields)], 1);
  bench.sent();
  return bench;
}
