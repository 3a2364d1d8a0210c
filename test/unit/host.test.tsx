import { PageConfig } from '@jupyterlab/coreutils';
import { act, cleanup, fireEvent, render, screen, type RenderResult } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Services } from '../../src/components/component';
import { App } from '../../src/host/App';
import { scopedSelector } from '../../src/host/scope';
import { APP, livePage, welcome, Bench, node, PAGE } from './support';

const SERVICES = { renderMarkdown: () => Promise.resolve() } as unknown as Services;

interface Shown extends RenderResult {
  readonly bench: Bench;
  readonly root: HTMLElement;
}

function show(app: object = {}, fields: object = {}): Shown {
  const bench = livePage({ app: { ...APP, ...app }, ...fields });
  return view(bench);
}

function view(bench: Bench): Shown {
  const drawn = render(<App page={bench.page} services={SERVICES} />);
  const root = drawn.container.querySelector<HTMLElement>('.ipyblocks')!;
  return { ...drawn, bench, root };
}

const later = (milliseconds: number): Promise<unknown> =>
  act(() => vi.advanceTimersByTimeAsync(milliseconds));

beforeEach(() => vi.useFakeTimers());

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

// --- the server --------------------------------------------------------------------------------------

test.each([
  ['true', 'on'],
  ['false', 'off'],
  ['', 'absent']
])('an app says whether the server sends at once: told "%s", %s', (told, said) => {
  PageConfig.setOption('ipyblocksTcpNoDelay', told);
  expect(show().root.dataset['tcpNoDelay']).toBe(said);
  PageConfig.setOption('ipyblocksTcpNoDelay', '');
});

// --- what an app leaves ----------------------------------------------------------------------------

test('an app that is gone leaves no element and no listener', async () => {
  const counts = new Map<string, number>();
  for (const target of [window, document]) {
    const { addEventListener, removeEventListener } = target;
    const count = (type: string, by: number): void => {
      counts.set(type, (counts.get(type) ?? 0) + by);
    };
    vi.spyOn(target, 'addEventListener').mockImplementation((...args: unknown[]) => {
      count(args[0] as string, 1);
      addEventListener.apply(target, args as never);
    });
    vi.spyOn(target, 'removeEventListener').mockImplementation((...args: unknown[]) => {
      count(args[0] as string, -1);
      removeEventListener.apply(target, args as never);
    });
  }
  const before = document.head.childElementCount;
  const tokens = { light: { '--ib-accent': 'red' }, dark: {} };
  const { bench, unmount } = show({ css: 'p { color: red }', tokens, head: '<meta name="x">' });
  bench.page.toasts.show({ level: 'info', title: '', message: 'hello', duration: 5 });
  await later(600);
  expect(counts.get('keydown')).toBe(1);
  expect(counts.get('scroll')).toBe(1);
  expect(document.head.childElementCount).toBe(before + 2);
  unmount();
  expect(document.head.childElementCount).toBe(before);
  expect(['keydown', 'scroll', 'resize'].map(type => counts.get(type))).toEqual([0, 0, 0]);
  expect(vi.getTimerCount()).toBe(0);
});

test('themes are kept to their app and follow the notebook', () => {
  const tokens = { light: { '--ib-accent': 'red' }, dark: { '--ib-accent': 'pink' } };
  const { root } = show({ tokens });
  const style = document.head.lastElementChild!.textContent;
  const scope = [...root.classList].find(name => name.startsWith('ib-app-'))!;
  const [light, dark] = style.split('\n');
  expect(light).toMatch(new RegExp(`^\\.ipyblocks\\.${scope}\\S* { --ib-accent: red; }$`));
  expect(dark).toMatch(/^\[data-jp-theme-light='false'\] \.ipyblocks\S* { --ib-accent: pink; }$/);
});

test('two apps have different scopes', () => {
  const [a, b] = [show().root.className, show().root.className];
  expect(a).not.toBe(b);
});

// --- size ------------------------------------------------------------------------------------------

test.each([
  [{}, '', '', ''],
  [{ height: 300 }, '300px', '', 'auto'],
  [{ height: '50vh', width: '80%' }, '50vh', '80%', 'auto'],
  [{ width: 400 }, '', '400px', '']
])('launch(%j) gives the size', (app, height, width, overflow) => {
  const { style } = show(app).root;
  expect([style.height, style.width, style.overflow]).toEqual([height, width, overflow]);
});

test('an app fills its height only when it has one', () => {
  expect(show({ fillHeight: true }).root.className).not.toContain('ib-fills');
  expect(show({ fillHeight: true, height: 300 }).root.className).toContain('ib-fills');
});

// --- banners ---------------------------------------------------------------------------------------

const banner = (): string | undefined => document.querySelector('.ib-Banner')?.textContent;

describe('a banner', () => {
  test('does not appear for a connection that is back within a second', async () => {
    const { bench } = show();
    act(() => bench.kernel.turn('lost'));
    await later(900);
    expect(banner()).toBeUndefined();
    act(() => bench.kernel.turn('open'));
    await later(900);
    expect(banner()).toBeUndefined();
  });

  test('says that the connection is lost, and the app stays in use', async () => {
    const { bench, root } = show();
    act(() => bench.kernel.turn('lost'));
    await later(1000);
    expect(banner()).toContain('The connection to the kernel is lost');
    expect(root.querySelector('.ib-tree')!.hasAttribute('inert')).toBe(false);
    act(() => bench.kernel.turn('open'));
    expect(banner()).toBeUndefined();
  });

  test('says at once that the kernel is gone; the app can be read, not used', () => {
    const { bench, root } = show();
    act(() => bench.kernel.turn('dead'));
    expect(banner()).toContain('The kernel has restarted or ended. Run this cell again');
    expect(root.querySelector('.ib-tree')!.hasAttribute('inert')).toBe(true);
    expect(screen.getByDisplayValue('a')).toBeDefined();
  });

  test.each([
    ['closed', 'This app was closed.'],
    ['rerun', 'its cell was run again'],
    ['capacity', 'too many are open']
  ])('says why the app was closed: %s', (reason, words) => {
    const { bench } = show();
    act(() => bench.deliver([{ type: 'closed', seq: 1, reason }]));
    expect(banner()).toContain(words);
  });

  test('says what to do about two versions', () => {
    const bench = new Bench();
    bench.page.start(null);
    view(bench);
    act(() => bench.deliver([welcome({ protocol: 2, version: '9.9' })], 1));
    expect(banner()).toMatch(/pip install "ipyblocks>=9\.9"/);
  });

  test('says that an app with nothing to show yet waits', async () => {
    const bench = new Bench();
    bench.page.start(null);
    view(bench);
    expect(banner()).toBeUndefined();
    await later(1000);
    expect(banner()).toBe('Waiting for the kernel …');
    act(() => bench.deliver([welcome()], 1));
    expect(banner()).toBeUndefined();
  });

  test('is heard: its place is there before its words', () => {
    show();
    expect(document.querySelector('.ib-Banners')!.getAttribute('role')).toBe('status');
  });
});

// --- messages --------------------------------------------------------------------------------------

function toast(bench: Bench, duration: number | null, level = 'info' as const): void {
  act(() => bench.page.toasts.show({ level, title: 'T', message: 'hello', duration }));
}

const message = (): Element | null => document.querySelector('.ib-Toast');

describe('a message', () => {
  test('goes when its time is over', async () => {
    toast(show().bench, 2);
    await later(1900);
    expect(message()).not.toBeNull();
    await later(200);
    expect(message()).toBeNull();
  });

  test('without a time stays until it is closed', async () => {
    toast(show().bench, null);
    await later(60_000);
    fireEvent.click(screen.getByRole('button', { name: 'Close' }));
    expect(message()).toBeNull();
  });

  test('has no time running while the pointer is on it', async () => {
    toast(show().bench, 2);
    await later(1500);
    fireEvent.pointerEnter(document.querySelector('.ib-Toasts')!);
    await later(5000);
    expect(message()).not.toBeNull();
    fireEvent.pointerLeave(document.querySelector('.ib-Toasts')!);
    await later(400);
    expect(message()).not.toBeNull();
    await later(200);
    expect(message()).toBeNull();
  });

  test('has no time running while the app is out of view', async () => {
    const { bench, root } = show();
    const place = vi.spyOn(root, 'getBoundingClientRect');
    place.mockReturnValue({ top: 5000, bottom: 5060, width: 600 } as DOMRect);
    toast(bench, 2);
    await later(5000);
    expect(message()).not.toBeNull();
    expect(document.querySelector<HTMLElement>('.ib-Toasts')!.style.visibility).toBe('hidden');
    place.mockReturnValue({ top: 0, bottom: 60, width: 600 } as DOMRect);
    await later(600);
    await later(2100);
    expect(message()).toBeNull();
  });
});

// --- code of the author ----------------------------------------------------------------------------

declare global {
  interface Window {
    story?: unknown[];
  }
}

describe('js and head', () => {
  beforeEach(() => {
    window.story = [];
  });

  test('js runs once with the app as this, however many views there are', async () => {
    const { bench, root } = show({ js: 'function () { window.story.push(this) };\n' });
    view(bench);
    await later(0);
    expect(window.story).toEqual([root]);
  });

  test.each([
    ['() => { throw new Error("oh") }', 'oh'],
    ['async () => { throw new Error("later") }', 'later'],
    ['() => {', 'Unexpected']
  ])('js that fails says so: %s', async (js, words) => {
    show({ js });
    await later(0);
    expect(message()!.textContent).toContain('The js of this app failed');
    expect(message()!.textContent).toContain(words);
  });

  test('head is there while the app is, without what belongs to the notebook', async () => {
    const head = '<meta name="mine"><base href="/x"><title>Mine</title><style>p { top: 0 }</style>';
    const { unmount } = show({ head });
    await later(0);
    const mine = (): number => document.head.querySelectorAll('[name=mine], base, title').length;
    expect(mine()).toBe(1);
    unmount();
    expect(mine()).toBe(0);
  });

  test('scripts of head come one after the other, and js after them', async () => {
    const head = '<script src="/lib.js"></script><script id="second"></script>';
    show({ head, js: '() => window.story.push("js")' });
    await later(0);
    const library = document.head.querySelector('script[src="/lib.js"]')!;
    expect(document.getElementById('second')).toBeNull();
    expect(window.story).toEqual([]);
    library.dispatchEvent(new Event('error'));
    await later(0);
    expect(document.getElementById('second')).not.toBeNull();
    expect(window.story).toEqual(['js']);
  });

  test('an app that is gone before its scripts are loaded runs nothing', async () => {
    const { unmount } = show({
      head: '<script src="/lib.js"></script>',
      js: '() => window.story.push("js")'
    });
    await later(0);
    const library = document.head.querySelector('script[src="/lib.js"]')!;
    unmount();
    library.dispatchEvent(new Event('load'));
    await later(0);
    expect(window.story).toEqual([]);
  });
});

test('a step of an event is run by a view, with the app as this', async () => {
  const { bench, unmount } = show();
  let seq = 0;
  const answer = async (code: string): Promise<object | undefined> => {
    bench.deliver([{ type: 'runJs', seq: ++seq, page: PAGE, task: 3, code, args: [2] }]);
    await later(0);
    return bench.sent().at(-1);
  };
  const code = 'function (x) { return [x + 1, this.className.split(" ")[0]]; };';
  expect(await answer(code)).toMatchObject({ task: 3, values: [3, 'ipyblocks'], error: null });
  expect(await answer('() => {')).toMatchObject({ values: null });
  unmount();
  expect(await answer('x => x')).toMatchObject({
    error: expect.stringMatching(/not shown/) as string
  });
});

// --- the rest --------------------------------------------------------------------------------------

test('a function brings its output into view', async () => {
  const { bench, root, unmount } = show();
  const scrolled = vi.fn();
  root.querySelector<HTMLElement>('[data-node="2"]')!.scrollIntoView = scrolled;
  bench.page.onScrollTo(node(2));
  await later(50);
  expect(scrolled).toHaveBeenCalledOnce();
  unmount();
  bench.page.onScrollTo(node(2));
  await later(50);
  expect(scrolled).toHaveBeenCalledOnce();
});

test('every component can be found by its node', () => {
  const { root } = show();
  const found = [...root.querySelectorAll<HTMLElement>('[data-node]')].map(e => e.dataset['node']);
  expect(found).toEqual(['0', '1', '2', '3']);
});

test('keys pressed in an app are its own, but for those with Ctrl', () => {
  show();
  const button = screen.getByRole('button', { name: 'Run' });
  const pressed = (init: KeyboardEventInit, at: Element = button): boolean => {
    fireEvent.keyDown(at, init);
    return at.hasAttribute('data-lm-suppress-shortcuts');
  };
  expect(pressed({ key: 'x' })).toBe(true);
  expect(pressed({ key: 's', ctrlKey: true })).toBe(false);
  expect(pressed({ key: 'x' }, document.body)).toBe(false);
});

test('a kind that this page does not know says what to do', () => {
  show({}, { nodes: [{ id: 0, kind: 'hologram', props: {}, children: [] }] });
  expect(screen.getByRole('alert').textContent).toContain('cannot draw a hologram');
});

test.each([
  ['p', ['R p']],
  ['body', ['R']],
  ['html body .gradio-container p', ['R p']],
  ['body > .gradio-container > p', ['R > p']],
  [':root:has(.x)', ['R:has(.x)']],
  ['.gradio-container.wide p', ['R.wide p']],
  ['.gradio-container-4 p', ['R .gradio-container-4 p']],
  ['.bodywork', ['R .bodywork']],
  ['.dark', [`[data-jp-theme-light='false'] R`]],
  ['.dark p', [`[data-jp-theme-light='false'] R p`]],
  ['body.dark p', [`[data-jp-theme-light='false'] R p`]],
  ['body:not(.dark) p', [`[data-jp-theme-light='true'] R p`]],
  ['.card.dark p', ['R .card.dark p']],
  ['body + *', []],
  ['.gradio-container ~ div p', []],
  ['.a + .b', ['R .a + .b']],
  ['[title="a > b"] p', ['R [title="a > b"] p']]
])('the selector %s stays inside', (selector, expected) => {
  expect(scopedSelector(selector, 'R')).toEqual(expected);
});
