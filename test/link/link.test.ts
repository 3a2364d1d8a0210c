// @vitest-environment node
/**
 * A page and a real kernel with a line between them that loses, repeats, reorders, cuts and delays: in the
 * end both have the same, everything was done once, and nothing waits.
 *
 * `IPYBLOCKS_SEEDS=1000 npm run test -- link` tries more than the usual number.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Json, NodeId } from '../../src/protocol/wire';
import { Page } from '../../src/store/page';
import type { Later } from '../../src/store/runouts';
import { Loopback } from '../../src/transport/loopback';
import { seeded } from '../../tools/proxy.mjs';
import { Kernel, type Plain } from './kernel';

const SEEDS = Number(process.env['IPYBLOCKS_SEEDS'] ?? 200);
const STEPS = 60;
/** Rounds in which a healed line must have brought both ends together. */
const PATIENCE = 60;

const FAULTS = ['drop', 'repeat', 'swap', 'cut', 'delay', 'reload', 'second page'] as const;
type Fault = (typeof FAULTS)[number];

/** How often each fault was injected, over all seeds. */
const injected: Record<Fault, number> = {
  drop: 0,
  repeat: 0,
  swap: 0,
  cut: 0,
  delay: 0,
  reload: 0,
  'second page': 0
};

/** Timers that run when the test says so. */
class Timers {
  private time = 0;
  private readonly waiting = new Set<{ at: number; callback: () => void }>();

  readonly later: Later = (callback, milliseconds) => {
    const timer = { at: this.time + milliseconds, callback };
    this.waiting.add(timer);
    return () => this.waiting.delete(timer);
  };

  readonly now = (): number => this.time;

  advance(milliseconds: number): void {
    this.time += milliseconds;
    for (const timer of [...this.waiting].filter(({ at }) => at <= this.time)) {
      this.waiting.delete(timer);
      timer.callback();
    }
  }

  get size(): number {
    return this.waiting.size;
  }
}

/** One page, its end of the line, and what is on its way to it. */
class End {
  readonly link = new Loopback();
  readonly timers = new Timers();
  readonly down: Plain[] = [];
  readonly page: Page;
  fired = 0;

  constructor(id: string) {
    this.page = new Page(this.link, {
      id,
      schedule: callback => {
        this.frames.push(callback);
      },
      endOfTick: send => send(),
      now: this.timers.now,
      later: this.timers.later
    });
    this.page.start(null);
  }

  frame(): void {
    this.frames.splice(0).forEach(callback => callback());
  }

  value(id: number): Json | undefined {
    const props = this.page.store.node(id as NodeId)?.props;
    return (props as Record<string, Json> | undefined)?.['value'];
  }

  private readonly frames: (() => void)[] = [];
}

class World {
  readonly ends: End[] = [];
  ids: Readonly<Record<string, number>> = {};
  /** Clicks that no page has forgotten. */
  clicks = 0;
  /** Clicks of pages that went before the kernel had answered. */
  perhaps = 0;
  texts: string[] = [];
  streams = 0;
  private made = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly next: () => number
  ) {}

  async open(): Promise<void> {
    const { ids, down } = await this.kernel.ask({ open: true });
    this.ids = ids;
    this.spread(down);
    this.join();
  }

  join(): End {
    const end = new End(`page-${(this.made += 1)}`);
    this.ends.push(end);
    return end;
  }

  async close(): Promise<void> {
    this.ends.forEach(({ page }) => page.close());
    await this.kernel.ask({ close: true });
  }

  /** Something happens: a person does something, time passes, a packet travels or meets a fault. */
  async step(): Promise<void> {
    const [first] = this.ends;
    const end = this.ends[Math.floor(this.next() * this.ends.length)] ?? first;
    if (end === undefined) {
      throw new Error('There is no page.');
    }
    const choice = this.next();
    if (choice < 0.3) {
      this.act(end);
    } else if (choice < 0.36) {
      await this.passTime(end, 2000);
    } else if (choice < 0.42) {
      this.spread((await this.kernel.ask({ step: true })).down);
    } else if (choice < 0.5) {
      this.fault(end);
    } else if (choice < 0.75) {
      await this.up(end, true);
    } else {
      this.down(end, true);
    }
    end.frame();
  }

  private act({ page }: End): void {
    const choice = this.next();
    const { ids } = this;
    if (choice < 0.35) {
      const before = page.outbox.last;
      page.fire(ids['button'] as NodeId, 'click');
      this.clicks += page.outbox.last > before ? 1 : 0;
    } else if (choice < 0.65 && page.store.root !== null) {
      const text = `text ${this.texts.length}`;
      this.texts.push(text);
      page.edit(ids['source'] as NodeId, { value: text });
    } else if (choice < 0.8) {
      page.fire(ids['stream'] as NodeId, 'click');
    } else if (choice < 0.86) {
      page.fire(ids['fail'] as NodeId, 'click');
    } else if (choice < 0.94 && page.store.root !== null) {
      page.edit(ids['level'] as NodeId, { value: Math.floor(this.next() * 100) });
      page.fire(ids['level'] as NodeId, 'release');
    } else {
      page.tasks.all().forEach(task => page.cancel(task.id));
    }
  }

  private fault(end: End): void {
    const choice = this.next();
    if (choice < 0.5) {
      // What is on its way is lost with the connection.
      injected.cut += 1;
      end.link.turn(end.link.state === 'open' ? 'lost' : 'open');
      end.link.sent.length = 0;
      end.down.length = 0;
    } else if (choice < 0.75 && this.ends.length < 3) {
      injected['second page'] += 1;
      this.join();
    } else {
      injected.reload += 1;
      this.ends.splice(this.ends.indexOf(end), 1);
      this.perhaps += end.page.outbox.pending;
      end.page.close();
      this.join();
    }
  }

  async passTime(end: End, milliseconds: number): Promise<void> {
    end.timers.advance(milliseconds);
    this.spread((await this.kernel.ask({ advance: milliseconds / 1000 })).down);
  }

  /** A packet goes up, perhaps not as it should. */
  async up({ link }: End, faulty: boolean): Promise<boolean> {
    const packet = take(link.sent, faulty ? this.next : null);
    if (packet === undefined) {
      return false;
    }
    this.spread(await this.kernel.up(packet));
    return true;
  }

  down({ link, down }: End, faulty: boolean): boolean {
    const packet = take(down, faulty ? this.next : null);
    if (packet === undefined) {
      return false;
    }
    if (link.state === 'open') {
      const buffers = packet.buffers.map(each => new Uint8Array(Buffer.from(each, 'base64')));
      link.deliver(packet.content, buffers);
    }
    return true;
  }

  private spread(packets: readonly Plain[]): void {
    this.ends.forEach(({ down }) => down.push(...packets));
  }

  /** From now on the line is good: both ends come to rest. */
  async heal(): Promise<void> {
    this.ends.filter(({ link }) => link.state !== 'open').forEach(({ link }) => link.turn('open'));
    // Whoever still tells a story is let to its end.
    for (let i = 0; i < 400; i += 1) {
      const { down } = await this.kernel.ask({ step: true });
      this.spread(down);
      if (down.length === 0 && i > 100) {
        break;
      }
    }
    for (let round = 0; round < PATIENCE; round += 1) {
      for (const end of this.ends) {
        await this.passTime(end, 2000);
        while ((await this.up(end, false)) || this.down(end, false)) {
          end.frame();
        }
        end.frame();
      }
    }
  }
}

/** The next packet of a queue; with a source of chance, perhaps another one, or none, or once more. */
function take<T>(queue: T[], next: (() => number) | null): T | undefined {
  const choice = next === null || queue.length === 0 ? 1 : next();
  if (choice < 0.12) {
    injected.drop += 1;
    queue.shift();
    return undefined;
  }
  if (choice < 0.2) {
    injected.repeat += 1;
    return queue[0];
  }
  if (choice < 0.28 && queue.length > 1) {
    injected.swap += 1;
    return queue.splice(1, 1)[0];
  }
  if (choice < 0.4) {
    injected.delay += 1;
    return undefined;
  }
  return queue.shift();
}

/** What a page shows, in the words of a snapshot. */
function shownBy(page: Page, content: unknown): unknown {
  const link = new Loopback();
  const fresh = new Page(link, { schedule: () => undefined, later: () => () => undefined });
  fresh.start({ content, buffers: [] });
  const nodes = (content as { messages: [{ nodes: { id: NodeId }[] }] }).messages[0].nodes;
  const of = (each: Page): unknown => nodes.map(({ id }) => each.store.node(id) ?? null);
  fresh.close();
  return { page: of(page), kernel: of(fresh) };
}

let kernel: Kernel;

beforeAll(() => {
  kernel = new Kernel();
});

afterAll(async () => {
  expect(await kernel.end()).toBe(0);
});

async function live(seed: number): Promise<void> {
  const world = new World(kernel, seeded(seed));
  await world.open();
  for (let i = 0; i < STEPS; i += 1) {
    await world.step();
  }
  await world.heal();
  const state = await kernel.state();
  for (const { page, link, timers } of world.ends) {
    const { page: shown, kernel: had } = shownBy(page, state.snapshot) as Record<string, unknown>;
    expect(shown).toEqual(had);
    expect(page.status).toEqual({ kind: 'live' });
    expect(page.tasks.all()).toEqual([]);
    expect(page.outbox.pending).toBe(0);
    expect([link.sent.length, timers.size]).toEqual([0, 0]);
    const log = page.journal.entries.map(({ text }) => text);
    expect(log.join('')).toBe(state.log);
  }
  expect(state.tasks).toBe(0);
  expect([...state.ended].sort()).toEqual([...state.begun].sort());
  expect(new Set(state.ended).size).toBe(state.ended.length);
  expect(state.clicks).toBeLessThanOrEqual(world.clicks);
  expect(state.clicks).toBeGreaterThanOrEqual(world.clicks - world.perhaps);
  // Each at most once, and in the order of typing wherever one page typed.
  expect(new Set(state.heard).size).toBe(state.heard.length);
  expect([state.unconfirmed, state.held]).toEqual([0, 0]);
  await world.close();
}

describe('whatever the line does, both ends agree', () => {
  for (let start = 0; start < SEEDS; start += 20) {
    const seeds = Array.from({ length: Math.min(20, SEEDS - start) }, (_, i) => start + i);
    test(`seeds ${start} to ${start + seeds.length - 1}`, { timeout: 300_000 }, async () => {
      for (const seed of seeds) {
        try {
          await live(seed);
        } catch (error) {
          throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
        }
      }
    });
  }

  test('and it did all that', () => {
    for (const fault of FAULTS) {
      expect(injected[fault], fault).toBeGreaterThan(SEEDS / 10);
    }
  });
});
