// @vitest-environment node
import { describe, expect, test } from 'vitest';

import { defaults } from '../../src/protocol/props';
import { Binary, type Node } from '../../src/protocol/wire';
import { same, Store } from '../../src/store/store';
import { APP, Clock, copy, node, NODES } from './support';

interface Watched {
  readonly store: Store;
  readonly clock: Clock;
  /** Names of the listeners called since the last look, in order. */
  readonly heard: () => string[];
}

/** A store with the sample tree, and one listener for each node and for the app. */
function watched(): Watched {
  const clock = new Clock();
  const store = new Store(clock.schedule);
  store.replace(APP, NODES);
  const calls: string[] = [];
  NODES.forEach(({ id }) => store.subscribe(id, () => calls.push(`n${id}`)));
  store.subscribeApp(() => calls.push('app'));
  return { store, clock, heard: () => calls.splice(0) };
}

const update = (id: number, value: string) => [{ node: node(id), props: { value } }];

describe('patches', () => {
  test('the first is told at once, to those concerned alone', () => {
    const { store, heard } = watched();
    store.patch(update(1, 'x'));
    expect(heard()).toEqual(['n1']);
    expect(store.node(node(1))?.props).toMatchObject({ value: 'x', lines: 1 });
  });

  test('those within the frame are told once, at its end', () => {
    const { store, clock, heard } = watched();
    store.patch(update(1, 'x'));
    heard();
    for (let i = 0; i < 50; i += 1) {
      store.patch(update(1, `x${i}`));
      store.patch(update(2, `y${i}`));
    }
    expect(heard()).toEqual([]);
    expect(store.node(node(2))?.props).toMatchObject({ value: 'y49' });
    clock.frame();
    expect(heard()).toEqual(['n1', 'n2']);
  });

  test('a stream is told once a frame, and quiet is quiet', () => {
    const { store, clock, heard } = watched();
    const told: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      store.patch(update(1, `a${i}`));
      store.patch(update(1, `b${i}`));
      clock.frame();
      told.push(heard().length);
    }
    // the first frame has the one that was told at once, and the one at its end
    expect(told).toEqual([2, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    clock.frame();
    expect(clock.idle).toBe(true);
    store.patch(update(1, 'z'));
    expect(heard()).toEqual(['n1']);
  });

  test('one that names no prop, or a node that is gone, is told to nobody', () => {
    const { store, clock, heard } = watched();
    const before = store.node(node(1));
    store.patch([
      { node: node(1), props: {} },
      { node: node(99), props: { value: 'x' } }
    ]);
    clock.frame();
    expect(heard()).toEqual([]);
    expect(store.node(node(1))).toBe(before);
    expect(store.node(node(99))).toBeUndefined();
  });

  test('nodes are never changed in place', () => {
    const { store } = watched();
    const before = store.node(node(1));
    store.patch(update(1, 'x'));
    expect(before?.props).toMatchObject({ value: 'a' });
    expect(store.node(node(1))).not.toBe(before);
  });
});

describe('edits', () => {
  test('every one is told at once', () => {
    const { store, heard } = watched();
    store.edit(node(1), { value: 'x' });
    store.edit(node(1), { value: 'xy' });
    expect(heard()).toEqual(['n1', 'n1']);
  });

  test('one takes along the patches that wait, which are not told again', () => {
    const { store, clock, heard } = watched();
    store.patch(update(1, 'x'));
    store.patch(update(2, 'y'));
    heard();
    store.edit(node(1), { value: 'z' });
    expect(heard()).toEqual(['n2', 'n1']);
    clock.frame();
    expect(heard()).toEqual([]);
  });
});

describe('replace', () => {
  test('what did not change keeps its object and is not told', () => {
    const { store, heard } = watched();
    const before = NODES.map(({ id }) => store.node(id));
    store.replace(copy(APP), copy(NODES));
    expect(NODES.map(({ id }) => store.node(id))).toEqual(before);
    NODES.forEach(({ id }, index) => expect(store.node(id)).toBe(before[index]));
    expect(heard()).toEqual([]);
  });

  test('what changed is told: props, children, events, kind', () => {
    const { store, heard } = watched();
    const [root, first, second, button] = NODES as readonly [Node, Node, Node, Node];
    store.replace(APP, [
      { ...root, children: [node(1), node(2)] },
      { ...first, events: ['input'] },
      { ...second, props: { ...second.props, label: 'L' } },
      { ...button, kind: 'markdown' }
    ]);
    expect(heard()).toEqual(['n0', 'n1', 'n2', 'n3']);
  });

  test('what is gone is told and forgotten', () => {
    const { store, heard } = watched();
    store.replace(APP, NODES.slice(0, 3));
    expect(heard()).toEqual(['n3']);
    expect(store.node(node(3))).toBeUndefined();
  });

  test('the app is told when it or the root is another', () => {
    const { store, heard } = watched();
    store.replace({ ...APP, title: 'Other' }, NODES);
    expect(heard()).toEqual(['app']);
    store.replace({ ...APP, title: 'Other' }, [{ ...NODES[0]!, id: node(9) }, ...NODES.slice(1)]);
    expect(heard()).toEqual(['n0', 'app']);
    expect(store.root).toBe(9);
  });

  test('props that were not sent have their defaults; an unknown kind keeps what it has', () => {
    const { store } = watched();
    store.replace(APP, [
      { id: node(0), kind: 'textbox', props: {} },
      { id: node(1), kind: 'hologram', props: { depth: 3 } },
      { id: node(2), kind: '__proto__', props: {} }
    ]);
    expect(store.node(node(0))?.props).toEqual(defaults.textbox);
    expect(store.node(node(1))?.props).toEqual({ depth: 3 });
    expect(store.node(node(2))?.props).toEqual({});
  });

  test('no nodes at all', () => {
    const { store } = watched();
    store.replace(APP, []);
    expect(store.root).toBeNull();
  });
});

describe('subscriptions', () => {
  test('the end of one is the end of it alone', () => {
    const { store } = watched();
    const heard: string[] = [];
    const stop = store.subscribe(node(1), () => heard.push('first'));
    store.subscribe(node(1), () => heard.push('second'));
    stop();
    stop();
    store.edit(node(1), { value: 'x' });
    expect(heard).toEqual(['second']);
  });

  test('nothing is left behind', () => {
    const store = new Store(new Clock().schedule);
    const stops = [store.subscribe(node(1), () => {}), store.subscribeApp(() => {})];
    expect(store.listening).toBe(2);
    stops.forEach(stop => stop());
    expect(store.listening).toBe(0);
  });

  test('a listener may unsubscribe itself and others while it is told', () => {
    const { store } = watched();
    const heard: string[] = [];
    const stops: (() => void)[] = [];
    stops.push(
      store.subscribe(node(1), () => {
        heard.push('first');
        stops.forEach(stop => stop());
      }),
      store.subscribe(node(1), () => heard.push('second'))
    );
    store.edit(node(1), { value: 'x' });
    expect(heard).toEqual(['first']);
  });

  test('a listener may edit', () => {
    const { store, heard } = watched();
    let once = true;
    store.subscribe(node(1), () => {
      if (once) {
        once = false;
        store.edit(node(2), { value: 'from 1' });
      }
    });
    store.edit(node(1), { value: 'x' });
    expect(heard()).toEqual(['n1', 'n2']);
  });
});

describe('same', () => {
  const picture = new Binary(new Uint8Array([1]), 'image/png');

  test.each([
    [NaN, NaN],
    [1n, 1n],
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }],
    [picture, picture],
    [{ a: picture }, { a: picture }]
  ])('%o is %o', (a, b) => expect(same(a, b)).toBe(true));

  test.each([
    [0, null],
    [1, '1'],
    [[], {}],
    [{ a: undefined }, { b: undefined }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [
      [1, 2],
      [2, 1]
    ],
    [picture, new Binary(new Uint8Array([1]), 'image/png')]
  ])('%o is not %o', (a, b) => expect(same(a, b)).toBe(false));
});
