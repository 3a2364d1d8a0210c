/** What a notebook keeps of an app: what is in it, what is not, and what may be read of what anybody wrote. */

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { withoutFetches } from '../../src/host/lab';
import {
  Binary,
  BlobReference,
  UploadReference,
  type BlobId,
  type Json
} from '../../src/protocol/wire';
import { Page } from '../../src/store/page';
import { pictureOf } from '../../src/store/picture';
import { SmallPictures } from '../../src/store/small';
import { harmless, readSaved } from '../../src/store/saved';
import { snapshotOf } from '../../src/store/snapshot';
import { Nowhere } from '../../src/transport/nowhere';
import { APP, livePage, node, NODES, welcome, type Bench } from './support';
import fc from './properties';

const SOURCE = { epoch: 'e1', seen: 3, version: '1.0', control: true };

function bundle(snapshot: unknown): object {
  return { version: 1, commId: 'c', epoch: 'e1', control: true, snapshot };
}

interface Kept {
  readonly content: {
    readonly messages: readonly { nodes: { kind: string; props: Record<string, Json> }[] }[];
  };
  readonly buffers: readonly string[];
}

/** An app with a component that has these props beside two text fields and a button. */
function withNode(kind: string, props: object, more: object = {}): Bench {
  const nodes = [
    { ...NODES[0], children: [1, 2, 3, 4] },
    ...NODES.slice(1),
    { id: 4, kind, props, ...more }
  ];
  // Not through JSON, which bytes would not survive.
  const bench = livePage();
  bench.page.store.replace(APP, nodes as never);
  return bench;
}

function kept(bench: Bench): Kept {
  // As it is in a file.
  return JSON.parse(JSON.stringify(snapshotOf({ store: bench.page.store, ...SOURCE }))) as Kept;
}

const last = (saved: Kept): { kind: string; props: Record<string, Json> } =>
  saved.content.messages[0]!.nodes.at(-1)!;

describe('written and read again', () => {
  test('it is the same app', () => {
    const bench = livePage();
    bench.page.edit(node(1), { value: 'mine' });
    const { packet, problem, control } = readSaved(bundle(kept(bench)));
    expect([problem, control]).toEqual([null, true]);
    const page = new Page(new Nowhere());
    page.start(packet, true);
    expect([...page.store.all()]).toEqual([...bench.page.store.all()]);
    expect([page.status.kind, page.wasLive]).toEqual(['connecting', false]);
  });

  test('with its pictures', () => {
    const value = new Binary(new Uint8Array([1, 2, 250]), 'image/png', 'a.png');
    const saved = kept(withNode('image', { value, interactive: false }));
    expect(saved.buffers).toEqual(['AQL6']);
    const page = new Page(new Nowhere());
    page.start(readSaved(bundle(saved)).packet, true);
    expect(page.store.node(node(4))?.props).toMatchObject({ value });
  });

  test('props that have their default are not in it', () => {
    expect(last(kept(withNode('textbox', { value: 'x', label: 'L' }))).props).toEqual({
      value: 'x',
      label: 'L'
    });
  });
});

describe('not kept', () => {
  const file = new Binary(new Uint8Array([1]), 'image/png');
  test.each<[string, string, object, object?]>([
    ['a password', 'textbox', { value: 'hunter2', type: 'password' }],
    ['what the kernel calls secret', 'textbox', { value: 'hunter2' }, { secret: true }],
    ['a file that the person chose', 'image', { value: file }],
    ['one on its way', 'image', { value: new UploadReference(1 as never), interactive: false }],
    ['one inside a list', 'json', { value: [{ a: file }] }]
  ])('%s', (_, kind, props, more = {}) => {
    const bench = withNode(kind, props, more);
    const saved = kept(bench);
    expect(last(saved).props).not.toHaveProperty('value');
    expect(saved.buffers).toEqual([]);
    expect(pictureOf(bench.page.store, '')).not.toMatch(/hunter2|<img/);
  });

  test('a password whose field is shown as text since', () => {
    const bench = withNode('textbox', { value: 'hunter2', type: 'password' }, { secret: true });
    bench.deliver([{ type: 'patch', seq: 1, updates: [{ node: 4, props: { type: 'text' } }] }]);
    expect(JSON.stringify(kept(bench))).not.toContain('hunter2');
  });

  test('what is too large; a sentence stands for it', () => {
    const value = new Binary(new Uint8Array(2_000_000), 'image/png');
    const saved = kept(withNode('image', { value, label: 'My *plot*', interactive: false }));
    expect(last(saved)).toMatchObject({ kind: 'markdown' });
    expect(last(saved).props['value']).toBe(
      'My \\*plot\\*\\: 2\\.7 MB\\, left out of the saved notebook\\.'
    );
    expect(JSON.stringify(saved).length).toBeLessThan(10_000);
  });

  test('bytes that the kernel holds', () => {
    const value = new BlobReference(1 as never, 3_400_000, 'image/png', null);
    const saved = kept(withNode('image', { value, interactive: false }));
    expect(last(saved).props['value']).toContain('3\\.4 MB');
  });

  test('only the largest go', () => {
    const bench = withNode('textbox', { value: 'x'.repeat(1_200_000) });
    bench.page.edit(node(1), { value: 'small' });
    expect(JSON.stringify(kept(bench))).toContain('small');
  });

  test('an app without end has no snapshot', () => {
    const children = Array.from({ length: 30_000 }, (_, i) => node(i + 1));
    const bench = livePage();
    const nodes = children.map(id => ({ id, kind: 'column', props: {}, children: [] }));
    const root = { id: node(0), kind: 'blocks', props: {}, children };
    bench.page.store.replace(APP, [root, ...nodes] as never);
    expect(snapshotOf({ store: bench.page.store, ...SOURCE })).toBeNull();
  });
});

describe('read', () => {
  beforeEach(() => vi.spyOn(console, 'warn').mockImplementation(() => undefined));

  const snapshot = (fields: object, frame: object = {}): object => ({
    content: {
      epoch: 'e1',
      acks: {},
      last: 0,
      messages: [welcome({ page: null, ...fields })],
      ...frame
    },
    buffers: []
  });
  const chain = (length: number): object[] =>
    Array.from({ length }, (_, id) => ({ id, kind: 'column', props: {}, children: [id + 1] }));
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

  test('what is well-formed', () => {
    expect(readSaved(bundle(snapshot({}))).problem).toBeNull();
  });

  test('another version says so', () => {
    expect(readSaved({ ...bundle(null), version: 2 }).problem).toContain('another version');
    expect(readSaved(undefined).problem).toContain('another version');
  });

  test('an app without values says so, and can be found', () => {
    expect(readSaved(bundle(null))).toMatchObject({ commId: 'c', packet: null });
    expect(readSaved(bundle(null)).problem).toContain('no values');
  });

  test.each<[string, unknown]>([
    ['a node of itself', snapshot({ nodes: [{ ...NODES[0], children: [0] }] })],
    ['a node of two', snapshot({ nodes: [{ ...NODES[0], children: [1, 1] }, NODES[1]] })],
    ['two of one number', snapshot({ nodes: [NODES[0], NODES[1], NODES[1]] })],
    ['a tower', snapshot({ nodes: chain(150) })],
    ['a crowd', snapshot({ nodes: chain(6000) })],
    ['nothing', snapshot({ nodes: [] })],
    [
      'a value without end',
      snapshot({ nodes: [{ ...NODES[0], props: { value: Array(200_000).fill(0) } }] })
    ],
    ['a value without bottom', snapshot({ nodes: [{ ...NODES[0], props: { value: deep(300) } }] })],
    [
      'bytes that are not there',
      snapshot({ nodes: [{ ...NODES[0], props: { value: { $buffer: 1 } } }] })
    ],
    ['bytes that are none', { ...snapshot({}), buffers: ['%%%'] }],
    ['bytes that are no list', { ...snapshot({}), buffers: 5 }],
    ['another protocol', snapshot({ protocol: 99 })],
    ['another message', snapshot({}, { messages: [{ type: 'closed', seq: 1, reason: 'closed' }] })],
    ['two messages', snapshot({}, { messages: [welcome(), welcome()] })],
    ['a number', 5]
  ])('%s is not drawn', (_, saved) => {
    const { packet, problem } = readSaved(bundle(saved));
    expect(packet).toBeNull();
    expect(problem).toContain('cannot be read');
  });

  test('only what is shown is taken from a frame', () => {
    const saved = snapshot(
      {
        tasks: [],
        log: [{ task: 1, name: 'f', stream: 'stdout', text: 'x' }],
        failures: [{ task: 1, name: 'f', nodes: [1], code: 'lost', message: 'x', detail: 'y' }]
      },
      { ask: true, missing: ['p'] }
    );
    const content = readSaved(bundle(saved)).packet!.content as Record<string, unknown>;
    expect(Object.keys(content)).toEqual(['epoch', 'acks', 'last', 'messages']);
    expect(content['messages']).toMatchObject([{ log: [], failures: [] }]);
  });

  test('whatever it is, without an error', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (data, value) => {
        readSaved(data);
        readSaved(bundle(value));
        readSaved(bundle({ content: value, buffers: [] }));
        readSaved(bundle(snapshot({ nodes: value })));
      })
    );
  });

  test('from somebody unknown: without code, style, names and listeners', () => {
    const app = { ...APP, css: 'x', js: 'x', head: 'x', tokens: { light: { a: '}' } } };
    const nodes = [
      { ...NODES[0], props: { elemId: 'main', elemClasses: ['jp-x'] } },
      ...NODES.slice(1)
    ];
    const { packet } = readSaved(bundle(snapshot({ app, nodes })));
    const page = new Page(new Nowhere());
    page.start(harmless(packet!), true);
    expect(page.store.app).toMatchObject({ css: null, js: null, head: null, tokens: null });
    expect(page.store.node(node(0))?.props).toMatchObject({ elemId: null, elemClasses: [] });
    expect(page.store.node(node(3))?.events.size).toBe(0);
    expect(page.store.node(node(1))?.props).toMatchObject({ value: 'a' });
  });
});

describe('HTML from somebody unknown fetches nothing', () => {
  test.each([
    ['<img src="http://evil/a.png">', '<img>'],
    ['<img srcset="http://evil/a.png 2x" alt="a">', '<img alt="a">'],
    ['<img src="files/a.png">', '<img>'],
    ['<img src=" data:image/png;base64,AA==">', '<img src=" data:image/png;base64,AA==">'],
    ['<a href="http://evil" ping="http://evil">a</a>', '<a href="http://evil">a</a>'],
    ['<p style="background: url(http://evil)">a</p>', '<p>a</p>'],
    ['<p style="background: \\75rl(http://evil)">a</p>', '<p>a</p>'],
    ['<p style="color: red">a</p>', '<p style="color: red">a</p>'],
    ['<style>@import "http://evil"</style><b>a</b>', '<b>a</b>'],
    ['<video poster="http://evil"></video><iframe src="x"></iframe>', ''],
    [
      '<svg><image href="http://evil"/><use xlink:href="http://evil"/></svg>',
      '<svg><image></image><use></use></svg>'
    ]
  ])('%s', (html, expected) => {
    expect(withoutFetches(html)).toBe(expected);
  });
});

describe('pictures that are too large', () => {
  const bytes = (size: number) => new Binary(new Uint8Array(size), 'image/png');
  const tiny = new Binary(new Uint8Array([1, 2, 3]), 'image/webp');
  const shown = (value: Json): Bench =>
    withNode('image', { label: 'Cat', interactive: false, value });
  const none = () => null;

  test('are smaller in the HTML, and as they are in what is drawn', async () => {
    const bench = shown(bytes(300_000));
    const shrink = vi.fn(() => Promise.resolve(tiny));
    const small = new SmallPictures(none, shrink);
    expect(pictureOf(bench.page.store, '', small)).toContain('(image/png, 300000 bytes)');
    await small.prepare(bench.page.store);
    expect(pictureOf(bench.page.store, '', small)).toContain(
      '<img src="data:image/webp;base64,AQID">'
    );
    expect(small.prepare(bench.page.store)).toBeNull();
    expect(shrink).toHaveBeenCalledTimes(1);
    const saved = snapshotOf({ store: bench.page.store, ...SOURCE, small }) as Kept;
    expect(saved.buffers[0]?.length).toBe(400_000);
  });

  test('take their place where there is no room for them, and say so while there are none', async () => {
    const bench = shown(bytes(2_000_000));
    const small = new SmallPictures(none, () => Promise.resolve(tiny));
    const saved = () => snapshotOf({ store: bench.page.store, ...SOURCE, small }) as Kept;
    expect(last(saved()).kind).toBe('markdown');
    await small.prepare(bench.page.store);
    expect(last(saved()).kind).toBe('image');
    expect(saved().buffers).toEqual(['AQID']);
    const { packet, problem } = readSaved(bundle(JSON.parse(JSON.stringify(saved()))));
    expect(problem).toBeNull();
    const page = new Page(new Nowhere());
    page.start(packet, true);
    expect(page.store.node(node(4))?.props).toMatchObject({ label: 'Cat', value: tiny });
  });

  test('that the kernel holds, once they have been fetched', async () => {
    const reference = new BlobReference(7 as BlobId, 5_000_000, 'image/bmp');
    const bench = shown(reference);
    let fetched: Blob | null = null;
    const small = new SmallPictures(
      () => fetched,
      picture => Promise.resolve(picture === fetched ? tiny : null)
    );
    expect(small.prepare(bench.page.store)).toBeNull();
    fetched = new Blob(['x']);
    await small.prepare(bench.page.store);
    expect(pictureOf(bench.page.store, '', small)).toContain('base64,AQID');
  });

  test.each<[string, () => Promise<Binary | null>]>([
    ['cannot be drawn', () => Promise.reject(new Error('no picture'))],
    ['stay too large', () => Promise.resolve(null)]
  ])('are said in words when they %s', async (_, shrink) => {
    const bench = shown(bytes(2_000_000));
    const small = new SmallPictures(none, shrink);
    await small.prepare(bench.page.store);
    expect(small.prepare(bench.page.store)).toBeNull();
    expect(pictureOf(bench.page.store, '', small)).toContain('left out');
  });

  test('that the person chose are not kept in any size', async () => {
    const value = bytes(2_000_000);
    const bench = withNode('image', { interactive: true, value });
    const small = new SmallPictures(none, () => Promise.resolve(tiny));
    await small.prepare(bench.page.store);
    expect(small.of(value)).toBe(tiny);
    expect(pictureOf(bench.page.store, '', small)).not.toContain('AQID');
    const saved = snapshotOf({ store: bench.page.store, ...SOURCE, small });
    expect(JSON.stringify(saved)).not.toContain('AQID');
  });
});

describe('the picture in HTML', () => {
  test('is a table of labels and values, and no markup of theirs', () => {
    const bench = withNode('textbox', { label: '<b>L</b>', value: '<script>&"\'' });
    const html = pictureOf(bench.page.store, 'It <needs> trust.');
    expect(html).toContain(
      '<tr><th>&lt;b&gt;L&lt;/b&gt;</th><td style="text-align: left">&lt;script&gt;&amp;&quot;&#x27;</td></tr>'
    );
    expect(html).toContain('<p><small>It &lt;needs&gt; trust.</small></p>');
  });

  test.each<[string, object, string]>([
    ['checkbox', { value: true }, 'yes'],
    ['number', { value: 3.5 }, '3.5'],
    ['checkboxgroup', { value: ['a', 'b'] }, 'a, b'],
    ['json', { value: { a: [1] } }, '<pre>{\n &quot;a&quot;: [\n  1\n ]\n}</pre>'],
    [
      'label',
      { value: { label: 'cat', confidences: [{ label: 'cat', confidence: 0.9 }] } },
      '<pre>cat\ncat: 0.9</pre>'
    ],
    ['html', { value: '<p>a <b>b</b></p><script>c</script>' }, 'a b'],
    ['button', { value: 'Go' }, '[Go]'],
    ['textbox', { value: 'x'.repeat(20_000) }, `${'x'.repeat(10_000)}…`]
  ])('of a %s', (kind, props, cell) => {
    expect(pictureOf(withNode(kind, props).page.store, '')).toContain(
      `<td style="text-align: left">${cell}</td>`
    );
  });

  test('what is not visible is not in it', () => {
    expect(
      pictureOf(withNode('textbox', { value: 'hidden', visible: false }).page.store, '')
    ).not.toContain('hidden');
  });
});
