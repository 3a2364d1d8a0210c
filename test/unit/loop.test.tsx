/** A list that draws what is in sight, in a layout that is calculated and not drawn. */
import { act, cleanup, fireEvent, render, type RenderResult } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Services } from '../../src/components/component';
import { windowAround } from '../../src/components/parts/loop';
import { App } from '../../src/host/App';
import type { Json, ToKernel } from '../../src/protocol/wire';
import { livePage, node, type Bench } from './support';

const SERVICES = { renderMarkdown: () => Promise.resolve() } as unknown as Services;
const VIEW = 200;
const LOOP = 1;
/** Where the ids of items begin, and those of what is in them. */
const [ITEMS, TEXTS] = [1000, 100_000];

/** What an item takes; jsdom lays nothing out. */
let heightOf: (index: number) => number;

const sizes: [PropertyDescriptor | undefined, string, (this: HTMLElement) => number][] = [
  [undefined, 'clientHeight', () => VIEW],
  [undefined, 'clientWidth', () => VIEW],
  [
    undefined,
    'offsetHeight',
    function () {
      return heightOf(Number(this.dataset['index']));
    }
  ],
  [
    undefined,
    'offsetWidth',
    function () {
      return heightOf(Number(this.dataset['index']));
    }
  ]
];

beforeEach(() => {
  heightOf = () => 20;
  sizes.forEach(size => {
    size[0] = Object.getOwnPropertyDescriptor(HTMLElement.prototype, size[1]);
    Object.defineProperty(HTMLElement.prototype, size[1], { get: size[2], configurable: true });
  });
});

afterEach(() => {
  cleanup();
  sizes.forEach(([before, name]) => {
    Reflect.deleteProperty(HTMLElement.prototype, name);
    if (before !== undefined) {
      Object.defineProperty(HTMLElement.prototype, name, before);
    }
  });
});

type Props = Readonly<Record<string, Json>>;

class Drawn {
  readonly bench: Bench;
  readonly view: RenderResult;
  private seq = 0;

  /** @param nested - Items inside of a column, as `gr.render` puts them. */
  constructor(
    private readonly props: Props,
    there: readonly number[] = [],
    private readonly nested = false
  ) {
    this.bench = livePage({
      nodes: [{ id: 0, kind: 'blocks', props: {}, children: [LOOP] }, ...this.nodes(there)]
    });
    this.view = render(<App page={this.bench.page} services={SERVICES} />);
  }

  private nodes(there: readonly number[]): object[] {
    const items = there.map(index => ITEMS + index);
    const loop = { id: LOOP, kind: 'loop', props: this.props, children: this.nested ? [2] : items };
    const column = { id: 2, kind: 'column', props: {}, children: items };
    const texts = there.flatMap(index => [
      { id: ITEMS + index, kind: 'loopitem', props: { index }, children: [TEXTS + index] },
      { id: TEXTS + index, kind: 'textbox', props: { value: `item ${index}` } }
    ]);
    return [loop, ...(this.nested ? [column] : []), ...texts];
  }

  /** The kernel draws these items, and no others. */
  async give(there: readonly number[], gone: readonly number[] = []): Promise<void> {
    const removed = gone.flatMap(index => [ITEMS + index, TEXTS + index]);
    const window = this.bench.page.store.node(node(LOOP))!.props;
    const nodes = this.nodes(there).map((each, i) =>
      i === 0 ? { ...each, props: { ...this.props, ...window } } : each
    );
    await this.deliver({ type: 'graft', removed, nodes });
  }

  async deliver(message: object): Promise<void> {
    await act(async () => {
      this.bench.deliver([{ ...message, seq: ++this.seq }], 1_000_000);
      this.bench.clock.frame();
      await Promise.resolve();
    });
    await this.frame();
  }

  async frame(): Promise<void> {
    await act(nextFrame);
  }

  async scroll(...tops: readonly number[]): Promise<void> {
    tops.forEach(top => {
      this.list.scrollTop = top;
      this.list.scrollLeft = top;
      fireEvent.scroll(this.list);
    });
    await this.frame();
    this.bench.clock.frame();
  }

  get list(): HTMLElement {
    return this.view.container.querySelector<HTMLElement>('.ib-Loop')!;
  }

  /** What the list has, in the order in which it is seen. */
  get rows(): string[] {
    const rows = [...this.list.querySelectorAll<HTMLElement>('.ib-LoopItem, .ib-Loop-waiting')];
    return rows
      .sort((a, b) => Number(a.style.order) - Number(b.style.order))
      .map(row => row.querySelector('input, textarea')?.getAttribute('value') ?? textOf(row));
  }

  get waiting(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>('.ib-Loop-waiting')];
  }

  /** Windows asked for since the last call. */
  get asked(): Json[] {
    return this.bench.sent().flatMap((message: ToKernel) => {
      this.bench.kernel.deliver({
        epoch: 'e1',
        acks: { 'page-1': message.seq },
        last: 0,
        messages: []
      });
      return message.type === 'set' ? [message.props['window'] ?? null] : [];
    });
  }
}

const nextFrame = (): Promise<void> =>
  new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));

function textOf(row: HTMLElement): string {
  const field = row.querySelector<HTMLTextAreaElement>('textarea');
  return field === null ? `(${row.style.height || row.style.width})` : field.value;
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first }, (_, i) => first + i);
const texts = (first: number, last: number): string[] =>
  range(first, last).map(index => `item ${index}`);

describe('few items', () => {
  test('are all drawn, in their order, with a place for each that is not there', async () => {
    const drawn = new Drawn({ count: 4, itemHeight: 30 }, [2, 0]);
    expect(drawn.rows).toEqual(['item 0', '(30px)', 'item 2', '(30px)']);
    const order = (): (string | null)[] =>
      [...drawn.list.querySelectorAll('.ib-LoopItem')].map(e => e.getAttribute('aria-posinset'));
    // also in the document, where the tabulator goes
    expect(order()).toEqual(['1', '3']);
    expect(drawn.list.tabIndex).toBe(-1);
    await drawn.frame();
    expect(drawn.asked).toEqual([[0, 4]]);
    await drawn.give(range(0, 4));
    await drawn.frame();
    expect(drawn.rows).toEqual(texts(0, 4));
    expect(drawn.asked).toEqual([]);
    expect(order()).toEqual(['1', '2', '3', '4']);
    expect(drawn.list.querySelector('.ib-LoopItem')!.getAttribute('aria-setsize')).toBe('4');
  });

  test('that are all there are not asked for', async () => {
    const drawn = new Drawn({ count: 3 }, [0, 1, 2]);
    await drawn.frame();
    expect(drawn.asked).toEqual([]);
  });

  test('may be inside of another layout', async () => {
    const drawn = new Drawn({ count: 3 }, [1, 0], true);
    await drawn.frame();
    expect(drawn.rows).toEqual(['item 0', 'item 1', '(40px)']);
    expect(drawn.asked).toEqual([[0, 3]]);
  });

  test('are not many, however many there are, when all are to be drawn', () => {
    const drawn = new Drawn({ count: 100, virtual: false }, range(0, 100));
    expect(drawn.rows).toEqual(texts(0, 100));
  });
});

describe('ten thousand items', () => {
  const COUNT = 10_000;

  test('of which three screens are drawn, whatever is in sight', async () => {
    const drawn = new Drawn({ count: COUNT, itemHeight: 20 });
    await drawn.frame();
    expect(drawn.list.style.maxHeight).toBe('480px');
    expect(drawn.list.tabIndex).toBe(0);
    expect(drawn.rows).toHaveLength(20);
    expect(drawn.asked).toEqual([[0, 20]]);
    await drawn.give(range(0, 20));
    expect(drawn.rows).toEqual(texts(0, 20));
    for (const top of [1000, 50_000, COUNT * 20 - VIEW]) {
      await drawn.scroll(top);
      expect(drawn.rows.length).toBeLessThanOrEqual(33);
      expect(drawn.list.querySelectorAll('*').length).toBeLessThan(40);
    }
    expect(drawn.asked.at(-1)).toEqual([COUNT - 20, COUNT]);
  });

  test('small steps ask for nothing, and a fast way for one window a frame', async () => {
    const drawn = new Drawn({ count: COUNT, itemHeight: 20 });
    await drawn.scroll(2000);
    expect(drawn.asked.at(-1)).toEqual([90, 120]);
    await drawn.give(range(90, 120));
    for (const top of [2020, 2050, 2080]) {
      await drawn.scroll(top);
    }
    expect(drawn.asked).toEqual([]);
    expect(drawn.rows).toEqual(texts(90, 120));
    await drawn.scroll(...range(20, 40).map(step => step * 200));
    expect(drawn.asked).toEqual([[380, 410]]);
  });

  test('what came and what has not are mixed in their places', async () => {
    const drawn = new Drawn({ count: COUNT, itemHeight: 20 });
    await drawn.frame();
    await drawn.give([3, 1]);
    expect(drawn.rows.slice(0, 5)).toEqual(['(20px)', 'item 1', '(20px)', 'item 3', '(20px)']);
    expect(drawn.waiting[0]!.getAttribute('aria-hidden')).toBe('true');
  });

  test('that are of different heights keep the place they need', async () => {
    heightOf = index => 20 + (index % 3) * 10;
    const drawn = new Drawn({ count: COUNT, itemHeight: 20 });
    await drawn.frame();
    await drawn.give(range(0, 20));
    const [before, after] = [...drawn.list.children].filter(
      child => child.getAttribute('aria-hidden') === 'true' && child.className === ''
    ) as HTMLElement[];
    const known = range(0, 20).reduce((sum, index) => sum + heightOf(index), 0);
    expect(before!.style.height).toBe('0px');
    expect(Number.parseInt(after!.style.height)).toBe((COUNT - 20) * 20);
    // the estimate holds for those that nobody has seen
    await drawn.scroll(known + 20 * 180);
    expect(drawn.asked.at(-1)).toEqual([190, 220]);
  });

  test('are taken to be as high as the first ones', async () => {
    heightOf = () => 100;
    const drawn = new Drawn({ count: COUNT }, range(0, 20));
    await drawn.frame();
    await drawn.scroll(100_000);
    expect(drawn.asked.at(-1)).toEqual([998, 1004]);
  });

  test('may stand side by side', async () => {
    const drawn = new Drawn({ count: COUNT, itemHeight: 50, direction: 'horizontal', height: 300 });
    await drawn.scroll(5000);
    expect(drawn.list.style.width).toBe('300px');
    expect(drawn.asked.at(-1)).toEqual([96, 108]);
    expect(drawn.waiting[0]!.style.width).toBe('50px');
  });

  test('that become fewer', async () => {
    const drawn = new Drawn({ count: COUNT, itemHeight: 20 });
    await drawn.scroll(100_000);
    await drawn.deliver({ type: 'patch', updates: [{ node: LOOP, props: { count: 100 } }] });
    await drawn.frame();
    expect(drawn.rows.length).toBeGreaterThan(0);
    const [first, last] = drawn.asked.at(-1) as [number, number];
    expect(last).toBe(100);
    expect(first).toBeGreaterThanOrEqual(70);
  });

  test('of an app whose kernel is gone are asked for no more', async () => {
    const drawn = new Drawn({ count: COUNT, itemHeight: 20 });
    await drawn.frame();
    expect(drawn.asked).toHaveLength(1);
    await act(async () => {
      drawn.bench.kernel.state = 'dead';
      drawn.bench.kernel.onState();
      await Promise.resolve();
    });
    await drawn.scroll(3000);
    const props = drawn.bench.page.store.node(node(LOOP))!.props as { window?: unknown };
    expect(props.window).toEqual([0, 20]);
  });
});

describe('the window', () => {
  const at = (startIndex: number, endIndex: number) => ({ startIndex, endIndex, count: 1000 });

  test.each([
    ['nothing was drawn', at(0, 9), [0, 0], [0, 20]],
    ['at the start', at(4, 13), [0, 20], [0, 20]],
    ['off the start by half a screen', at(6, 15), [0, 20], [0, 26]],
    ['in the middle', at(105, 114), [95, 125], [95, 125]],
    ['out of the middle, up', at(99, 108), [95, 125], [89, 119]],
    ['out of the middle, down', at(111, 120), [95, 125], [101, 131]],
    ['far away', at(700, 709), [95, 125], [690, 720]],
    ['at the end', at(990, 999), [975, 1000], [975, 1000]],
    ['fewer fit by now', at(100, 104), [85, 115], [95, 110]]
  ] as const)('%s', (_what, sight, former, drawn) => {
    expect(windowAround(sight, former)).toEqual(drawn);
  });
});
