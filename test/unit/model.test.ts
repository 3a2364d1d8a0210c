// @vitest-environment node
/**
 * A person who types and clicks, a kernel that writes values, and a line between them that is slow and
 * loses things: whatever the order, both sides end equal, and every click is heard exactly once.
 */

import { expect, test } from 'vitest';

import type { ToKernel } from '../../src/protocol/wire';
import { Bench, EPOCH, node, NODES, PAGE, welcome } from './support';
import fc from './properties';

interface Frame {
  readonly epoch: string;
  readonly acks: Record<string, number>;
  readonly last: number;
  readonly messages: readonly Record<string, unknown>[];
}

/** The kernel's order, and nothing else of it: see `ipyblocks/runtime/session.py` and `outbound.py`. */
class Kernel {
  readonly values = new Map<number, unknown>([
    [1, 'a'],
    [2, 'b']
  ]);
  readonly down: Frame[] = [];
  clicks = 0;

  handle(messages: readonly ToKernel[]): void {
    for (const message of messages) {
      if (message.type === 'hello') {
        this.processed = Math.max(this.processed, message.seq);
        this.hello(message.epoch, message.seen);
      } else if (message.seq > this.processed) {
        this.processed = message.seq;
        this.take(message);
      }
    }
    this.acks = { [PAGE]: this.processed };
  }

  /** A handler writes a value. */
  write(id: number, value: unknown): void {
    this.values.set(id, value);
    this.updates.set(id, value);
  }

  flush(): void {
    if (this.updates.size > 0 || this.acks[PAGE] !== undefined) {
      const updates = [...this.updates].map(([id, value]) => ({ node: id, props: { value } }));
      const messages = updates.length > 0 ? [{ type: 'patch', seq: ++this.seq, updates }] : [];
      this.down.push({ epoch: EPOCH, acks: this.acks, last: this.seq, messages });
      this.updates.clear();
      this.acks = {};
    }
  }

  private hello(epoch: string | null, seen: number): void {
    if (epoch !== EPOCH || seen !== this.seq) {
      this.flush();
      const nodes = NODES.map(each =>
        this.values.has(each.id) ? { ...each, props: { value: this.values.get(each.id) } } : each
      );
      const messages = [welcome({ seq: this.seq, nodes })];
      this.down.push({ epoch: EPOCH, acks: { [PAGE]: this.processed }, last: this.seq, messages });
    }
  }

  private take(message: ToKernel): void {
    if (message.type === 'set') {
      const { value } = message.props as { value: unknown };
      this.values.set(message.node, value);
      if (this.updates.has(message.node)) {
        this.updates.set(message.node, value);
      }
    } else {
      this.clicks += 1;
    }
  }

  private processed = 0;
  private seq = 0;
  private readonly updates = new Map<number, unknown>();
  private acks: Record<string, number> = {};
}

/** Both ends and the line. */
class World {
  readonly bench = new Bench();
  readonly kernel = new Kernel();
  clicked = 0;

  constructor() {
    this.bench.page.start(null);
    this.settle();
  }

  /** One message up, if there is one. */
  up(): void {
    const packet = this.bench.kernel.sent.shift();
    if (packet !== undefined) {
      this.kernel.handle((packet.content as { messages: readonly ToKernel[] }).messages);
    }
  }

  down(): void {
    const frame = this.kernel.down.shift();
    if (frame !== undefined && this.bench.kernel.state === 'open') {
      this.bench.kernel.deliver(frame);
    }
  }

  /** A host under load drops output. What has no message is too small to be dropped. */
  drop(): void {
    if (this.kernel.down[0] !== undefined && this.kernel.down[0].messages.length > 0) {
      this.kernel.down.shift();
    }
  }

  /** The connection goes, and with it what was on its way down; up it may have arrived or not. */
  lose(arrived: boolean): void {
    while (arrived && this.bench.kernel.sent.length > 0) {
      this.up();
    }
    this.bench.kernel.sent.length = 0;
    this.kernel.down.length = 0;
    this.bench.kernel.turn('lost');
  }

  click(): void {
    this.clicked += 1;
    this.bench.page.fire(node(3), 'click');
  }

  settle(): void {
    for (let turns = 0; turns < 100; turns += 1) {
      this.bench.clock.frame();
      this.kernel.flush();
      this.up();
      this.down();
      const { sent } = this.bench.kernel;
      if (sent.length + this.kernel.down.length === 0 && this.bench.clock.idle) {
        return;
      }
    }
    throw new Error('The two ends never come to rest.');
  }

  /** Let everything arrive; one more click and write show what was lost before. */
  finish(): void {
    this.bench.kernel.turn('open');
    this.settle();
    this.click();
    this.settle();
    this.kernel.write(3, 'the end');
    this.settle();
    this.settle();
  }
}

type Step = (world: World) => void;

const which = fc.constantFrom(1, 2);
const steps: fc.Arbitrary<[string, Step]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(which, fc.nat(99))
      .map(([id, n]) =>
        step(`edit ${id} ${n}`, w => w.bench.page.edit(node(id), { value: `mine ${n}` }))
      )
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(which, fc.nat(99))
      .map(([id, n]) => step(`write ${id} ${n}`, w => w.kernel.write(id, `kernel ${n}`)))
  },
  { weight: 2, arbitrary: fc.constant(step('click', w => w.click())) },
  { weight: 4, arbitrary: fc.constant(step('up', w => w.up())) },
  { weight: 4, arbitrary: fc.constant(step('down', w => w.down())) },
  { weight: 3, arbitrary: fc.constant(step('flush', w => w.kernel.flush())) },
  { weight: 2, arbitrary: fc.constant(step('frame', w => w.bench.clock.frame())) },
  { weight: 1, arbitrary: fc.constant(step('drop', w => w.drop())) },
  {
    weight: 1,
    arbitrary: fc.boolean().map(arrived => step(`lose ${arrived}`, w => w.lose(arrived)))
  },
  { weight: 2, arbitrary: fc.constant(step('open', w => w.bench.kernel.turn('open'))) }
);

function step(name: string, run: Step): [string, Step] {
  return [name, run];
}

test('both sides end equal, and each click is heard once', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), list => {
      const world = new World();
      list.forEach(([, run]) => run(world));
      world.finish();
      const { bench, kernel, clicked } = world;
      expect({ 1: bench.value(1), 2: bench.value(2), 3: bench.value(3) }).toEqual(
        Object.fromEntries(kernel.values)
      );
      expect(kernel.clicks).toBe(clicked);
      expect(bench.page.outbox.pending).toBe(0);
      expect(bench.page.status.kind).toBe('live');
    }),
    { numRuns: 500 }
  );
});
