/** What every component keeps to, whoever wrote it: over the registry and the example of each kind. */
import { readdirSync, readFileSync } from 'node:fs';
import { act, cleanup, fireEvent, render } from '@testing-library/react';
import axe from 'axe-core';
import ts from 'typescript';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Services, View } from '../../src/components/component';
import { registry } from '../../src/components/registry';
import { App } from '../../src/host/App';
import { unpack } from '../../src/protocol/codec';
import { defaults, type Kind } from '../../src/protocol/props';
import type { Json } from '../../src/protocol/wire';
import { Bench, EPOCH, frame, node, started, welcome } from './support';

interface Example {
  readonly props: Readonly<Record<string, unknown>>;
  readonly buffers: readonly string[];
}

const SUBJECT = 1;
const SIBLING = 2;
const CHILD = 3;

/** Kinds that draw no status of their own: a press shows at the outputs, and layouts have none. */
const WITHOUT_STATUS = /button$/;

/** Most accessible names and roles; what needs layout or the whole page is left to real browsers. */
const AXE_RULES = [
  'aria-allowed-attr',
  'aria-allowed-role',
  'aria-command-name',
  'aria-input-field-name',
  'aria-progressbar-name',
  'aria-required-attr',
  'aria-required-children',
  'aria-required-parent',
  'aria-roles',
  'aria-toggle-field-name',
  'aria-valid-attr',
  'aria-valid-attr-value',
  'button-name',
  'duplicate-id-aria',
  'image-alt',
  'input-button-name',
  'label',
  'link-name',
  'nested-interactive',
  'select-name',
  'summary-name'
];

const examples = JSON.parse(readFileSync('test/wire/examples.json', 'utf8')) as Record<
  string,
  Example
>;
const layouts = new Set(
  readdirSync('ipyblocks/layouts')
    .map(name => name.replace(/\.py$/, ''))
    .concat('blocks')
);
const declaredEvents = membersOf('Events');
const settable = membersOf('Settable');
const drawn = new Map<number, number>();

/** Names per kind in an interface of the generated file: the types themselves do not exist at run time. */
function membersOf(name: 'Events' | 'Settable'): Record<string, string> {
  const source = ts.createSourceFile(
    'props.ts',
    readFileSync('src/protocol/props.ts', 'utf8'),
    ts.ScriptTarget.Latest
  );
  const found = source.statements.find(
    each => ts.isInterfaceDeclaration(each) && each.name.text === name
  ) as ts.InterfaceDeclaration;
  return Object.fromEntries(
    found.members.map(member => {
      const { name: key, type } = member as ts.PropertySignature;
      return [(key as ts.Identifier).text, type?.getText(source) ?? ''];
    })
  );
}

const isDeclared = (kind: Kind, event: string): boolean =>
  new RegExp(`[{;]\\s*"?${event}"?:`).test(declaredEvents[kind] ?? '');
const isSettable = (kind: Kind, prop: string): boolean => settable[kind]!.includes(`"${prop}"`);

vi.mock('../../src/components/registry', async original => {
  const { registry: real } = await original<{ registry: Record<string, Half> }>();
  const counted = Object.entries(real).map(([kind, half]) => [
    kind,
    { ...half, Body: counting(half) }
  ]);
  return { registry: Object.fromEntries(counted) as typeof real };
});

interface Half {
  readonly Body: (view: View<Kind>) => JSX.Element;
}

function counting(half: Half): Half['Body'] {
  return view => {
    drawn.set(view.id, (drawn.get(view.id) ?? 0) + 1);
    return <half.Body {...view} />;
  };
}

/** The host's services without a host: text goes in as text, anything else is done at once. */
const services = new Proxy({} as Services, {
  get: (_target, name) =>
    name === 'renderMarkdown'
      ? (source: string, _trusted: boolean, into: HTMLElement) => {
          into.textContent = source;
          return Promise.resolve();
        }
      : () => Promise.resolve()
});

interface Shown {
  readonly bench: Bench;
  readonly container: HTMLElement;
  readonly unmount: () => void;
  readonly props: Readonly<Record<string, Json>>;
  readonly deliver: (...messages: object[]) => Promise<void>;
}

/** Draw the example of a kind beside a button, inside a page. */
async function show(kind: Kind, changes: Readonly<Record<string, Json>> = {}): Promise<Shown> {
  const bench = new Bench();
  const { props: packed, buffers } = examples[kind]!;
  const bytes = buffers.map(hex => new Uint8Array(Buffer.from(hex, 'hex')));
  const props = unpack(packed, bytes) as Record<string, Json>;
  const interactive = 'interactive' in defaults[kind] ? { interactive: true } : {};
  const content = frame([
    welcome({
      nodes: treeOf(kind, { ...packed, ...interactive, ...changes }),
      seq: 0
    })
  ]);
  let seq = 0;
  bench.page.start(null);
  bench.kernel.onPacket({ content, buffers: bytes });
  const view = render(<App page={bench.page} services={services} />);
  const deliver = async (...messages: object[]): Promise<void> => {
    await act(async () => {
      bench.deliver(messages.map(message => ({ ...message, seq: ++seq })));
      bench.clock.frame();
      await Promise.resolve();
    });
  };
  await deliver();
  bench.sent();
  return { bench, container: view.container, unmount: view.unmount, props, deliver };
}

function treeOf(kind: Kind, props: Readonly<Record<string, unknown>>): object[] {
  const events = [...(declaredEvents[kind] ?? '').matchAll(/"?(\w+)"?:/g)].map(match => match[1]);
  const children = layouts.has(kind) ? { children: [CHILD] } : {};
  const child = kind === 'tabs' ? 'tab' : 'textbox';
  const parent = kind === 'tab' ? 'tabs' : 'column';
  return [
    { id: 0, kind: 'blocks', props: {}, children: [4, SIBLING] },
    { id: 4, kind: parent, props: {}, children: [SUBJECT] },
    { id: SUBJECT, kind, props, events, ...children },
    { id: SIBLING, kind: 'button', props: { value: 'Sibling' } },
    ...(layouts.has(kind)
      ? [{ id: CHILD, kind: child, props: {}, ...(child === 'tab' ? { children: [] } : {}) }]
      : [])
  ];
}

/** Do to every control what a person can do to it, and to none that is out of use. */
async function poke(container: HTMLElement): Promise<void> {
  const controls = container.querySelectorAll<HTMLElement>(
    'button, input, textarea, select, summary, a, [role], [tabindex]'
  );
  for (const control of controls) {
    if (control.textContent === 'Sibling' || control.matches(':disabled, [aria-disabled=true]')) {
      continue;
    }
    await act(async () => {
      pokeOne(control);
      await Promise.resolve();
    });
  }
}

function pokeOne(control: HTMLElement): void {
  fireEvent.focus(control);
  const readOnly = 'readOnly' in control && control.readOnly === true;
  if (control instanceof HTMLTextAreaElement || control instanceof HTMLInputElement) {
    if (!readOnly && !/^(checkbox|radio|file|button|submit)$/.test(control.type)) {
      fireEvent.change(control, { target: { value: control.type === 'color' ? '#123456' : '7' } });
    }
  }
  for (const key of ['ArrowDown', 'Enter', ' ', 'Escape']) {
    fireEvent.keyDown(control, { key });
    fireEvent.keyUp(control, { key });
  }
  fireEvent.pointerDown(control);
  fireEvent.pointerUp(control);
  fireEvent.click(control);
  fireEvent.blur(control);
}

const urls = new Set<string>();

beforeEach(() => {
  drawn.clear();
  urls.clear();
  let next = 0;
  URL.createObjectURL = () => {
    const url = `blob:${++next}`;
    urls.add(url);
    return url;
  };
  URL.revokeObjectURL = url => void urls.delete(url);
  // jsdom has the element but not what opens and closes it
  HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
    this.open = false;
    this.dispatchEvent(new Event('close'));
  };
  // jsdom has no navigation and says so
  document.addEventListener('click', stopNavigation);
});

afterEach(() => {
  document.removeEventListener('click', stopNavigation);
  cleanup();
});

function stopNavigation(event: Event): void {
  if ((event.target as Element).closest('a') !== null) {
    event.preventDefault();
  }
}

const kinds = Object.keys(registry) as Kind[];

test('every kind has an example, and every example a kind', () => {
  expect(Object.keys(examples).sort()).toEqual([...kinds].sort());
});

describe.each(kinds)('%s', kind => {
  test('draws its example, without a complaint by React', async () => {
    const error = vi.spyOn(console, 'error');
    const { container } = await show(kind);
    expect(drawn.get(SUBJECT)).toBeGreaterThan(0);
    expect(container.textContent).not.toContain('could not be drawn');
    expect(error.mock.calls).toEqual([]);
  });

  test('has names for its controls, in use and out of use', async () => {
    const { container, deliver } = await show(kind);
    const problems = async (): Promise<string[]> => {
      const { violations } = await axe.run(container, {
        runOnly: { type: 'rule', values: AXE_RULES },
        resultTypes: ['violations']
      });
      return violations.flatMap(({ id, nodes }) => nodes.map(each => `${id}: ${each.html}`));
    };
    expect(await problems()).toEqual([]);
    if ('interactive' in defaults[kind]) {
      await deliver({ type: 'patch', updates: [{ node: SUBJECT, props: { interactive: false } }] });
      expect(await problems()).toEqual([]);
    }
  });

  test('alone is drawn again when it alone changes', async () => {
    const { deliver } = await show(kind);
    const before = new Map(drawn);
    await deliver({
      type: 'patch',
      updates: [{ node: SUBJECT, props: { elemClasses: ['changed'] } }]
    });
    expect(document.querySelectorAll('.changed')).toHaveLength(1);
    expect(drawn.get(SUBJECT)).toBeGreaterThan(before.get(SUBJECT)!);
    expect(drawn.get(SIBLING)).toBe(before.get(SIBLING));
    expect(drawn.get(CHILD)).toBe(before.get(CHILD));
    expect(drawn.get(0)).toBe(before.get(0));
  });

  test('keeps to the events and props that are declared', async () => {
    const { bench, container } = await show(kind);
    const fire = vi.spyOn(bench.page, 'fire');
    const edit = vi.spyOn(bench.page, 'edit');
    await poke(container);
    const events = fire.mock.calls.filter(([id]) => id === node(SUBJECT)).map(([, name]) => name);
    const props = edit.mock.calls
      .filter(([id]) => id === node(SUBJECT))
      .flatMap(([, each]) => Object.keys(each));
    expect(events.filter(name => !isDeclared(kind, name))).toEqual([]);
    expect(props.filter(name => !isSettable(kind, name))).toEqual([]);
    expect(container.textContent).not.toContain('could not be drawn');
  });

  test('goes without a trace', async () => {
    const before = document.body.childElementCount;
    const { bench, container, unmount } = await show(kind);
    await poke(container);
    unmount();
    expect([bench.page.store.listening, bench.page.tasks.listening]).toEqual([0, 0]);
    expect([...urls]).toEqual([]);
    expect(container.childElementCount).toBe(0);
    // the container itself stays until cleanup
    expect(document.body.childElementCount).toBe(before + 1);
  });

  test.runIf('elemId' in defaults[kind])('is hidden and named as asked', async () => {
    const { container } = await show(kind, {
      visible: 'hidden',
      elemId: 'mine',
      elemClasses: ['one', 'two']
    });
    const own = container.querySelector<HTMLElement>('#mine');
    expect(own?.hidden).toBe(true);
    expect(own?.className).toMatch(/\bone two\b/);
  });
});

describe.each(kinds.filter(kind => 'value' in defaults[kind]))('%s, which has a value,', kind => {
  test('is drawn again by a patch of its value, also to none', async () => {
    const error = vi.spyOn(console, 'error');
    const { container, props, deliver } = await show(kind);
    const before = drawn.get(SUBJECT)!;
    const none = (defaults[kind] as unknown as { value: Json }).value;
    await deliver({ type: 'patch', updates: [{ node: SUBJECT, props: { value: none } }] });
    expect(drawn.get(SUBJECT)).toBeGreaterThan(before);
    expect(container.textContent).not.toContain('could not be drawn');
    expect(error.mock.calls).toEqual([]);
    expect(Object.keys(props).length).toBeGreaterThanOrEqual(0);
  });
});

describe.each(kinds.filter(kind => 'interactive' in defaults[kind]))(
  '%s, when not interactive,',
  kind => {
    test('lets nobody change its value or press it', async () => {
      const { bench, container } = await show(kind, { interactive: false });
      const edit = vi.spyOn(bench.page, 'edit');
      const fire = vi.spyOn(bench.page, 'fire');
      await poke(container);
      const props = edit.mock.calls
        .filter(([id]) => id === node(SUBJECT))
        .flatMap(([, each]) => Object.keys(each));
      expect(props.filter(name => name === 'value')).toEqual([]);
      const events = fire.mock.calls.filter(([id]) => id === node(SUBJECT)).map(([, name]) => name);
      const byPerson = /^(input|click|upload|clear|change)$/;
      expect(
        events.filter(name => byPerson.test(name) && (name !== 'click' || kind === 'button'))
      ).toEqual([]);
    });
  }
);

describe.each(
  kinds.filter(
    kind => !layouts.has(kind) && 'value' in defaults[kind] && !WITHOUT_STATUS.test(kind)
  )
)('%s, as an output,', kind => {
  test('shows what happens to it, and keeps what it shows', async () => {
    const { bench, container, deliver } = await show(kind);
    const field = container.querySelector<HTMLInputElement>('input, textarea');
    const before = [field?.value, container.querySelectorAll('*').length];
    const begin = (task: number): object => started(task, { nodes: [SUBJECT] });
    await deliver(begin(1));
    expect(container.querySelector('[role=progressbar]')).not.toBeNull();
    expect(container.querySelector('.ib-Status-line')?.textContent).toContain('Working');
    expect(field?.value).toBe(before[0]);
    const cancel = [...container.querySelectorAll('button')].find(
      each => each.textContent === 'Cancel'
    );
    fireEvent.click(cancel!);
    expect(bench.sent()).toMatchObject([{ type: 'cancel', task: 1 }]);
    await deliver({
      type: 'failed',
      task: 1,
      code: 'internal',
      message: 'No such city.',
      detail: 'trace'
    });
    const failure = container.querySelector('[role=alert]');
    expect(failure?.textContent).toContain('No such city.');
    expect(failure?.textContent).toContain('trace');
    await deliver(begin(2), { type: 'done', task: 2 });
    expect(container.querySelector('[role=alert], .ib-Status')).toBeNull();
    expect(container.querySelectorAll('*').length).toBe(before[1]);
  });
});

test('a tree of an unknown kind says so and leaves the others alone', async () => {
  const bench = new Bench();
  bench.page.start(null);
  const nodes = treeOf('button', {}).map(each =>
    (each as { id: number }).id === SUBJECT ? { ...each, kind: 'hologram' } : each
  );
  bench.kernel.deliver(frame([welcome({ nodes, epoch: EPOCH })]));
  const { container } = render(<App page={bench.page} services={services} />);
  await act(async () => Promise.resolve());
  expect(container.querySelector('[role=alert]')?.textContent).toContain('hologram');
  expect(container.textContent).toContain('Sibling');
});
