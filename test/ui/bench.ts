/** What the tests of this folder share: a page with JupyterLab, a fresh notebook per test, and proofs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';

import { launchBrowser, openNotebook, type Notebook } from '../../tools/browser.mjs';
import { urlsOf } from '../../tools/lab.mjs';
import { notebookOf } from '../../tools/notebook.mjs';
import { inRoot } from '../../tools/paths.mjs';

/** Pictures for the eye, and of every test that failed. */
const PICTURES = inRoot('.cache', 'pictures');

/** Python that sets `classes` to all components with a place on the page, each once; imports `gr`. */
export const EVERY_CLASS = `import ipyblocks as gr
from ipyblocks import components
from ipyblocks.component import Component
classes = {getattr(components, name): None for name in components.__all__}
classes = [
    c for c in classes
    if isinstance(c, type) and issubclass(c, Component) and c.on_page and c.kind == c.__name__.lower()
]
`;

/** Messages of the page that are not ours. */
const FOREIGN = [
  // JupyterLab's, when a notebook is closed that had a view of an output beside it
  /reading 'changed'\)\s+at \S*jlab_core/,
  // JupyterLab's, when a notebook is closed in the frame in which a cell of it went out of sight
  /reading 'id'\)\s+at \S*jlab_core/,
  // the browser's own: a page that is left cancels what it was asking for
  /^\(no stack\)/,
  /favicon/,
  /Failed to load resource/,
  /ResizeObserver loop/,
  /debugger state/
];

/** What a test expects to be there at its end, beside nothing. */
interface Leftover {
  /** Parts of console errors that the test provoked. */
  errors: RegExp[];
  /** The test ended, restarted or never had the kernel's apps: there is nothing to ask. */
  kernelGone: boolean;
  /** The test has changed the page for good, as a clock does that is set by hand: the next gets another. */
  pageSpoilt: boolean;
}

const nothing = (): Leftover => ({ errors: [], kernelGone: false, pageSpoilt: false });

/** A page with JupyterLab, which takes seconds to load, and a kernel that was left as it was found. */
interface Room {
  notebook: Notebook | null;
  kernel: string | undefined;
  /** The test that used it last has left it as it was; what failed, or hangs, has not. */
  isClean: boolean;
}

const newRoom = (): Room => ({ notebook: null, kernel: undefined, isClean: true });

/** Files take turns in one process: what is slow to begin serves them all, and ends with the process. */
let launched: Promise<Browser> | undefined;
const common = newRoom();

/** A page with JupyterLab and one notebook. */
export interface Bench {
  readonly notebook: Notebook;
  readonly page: Page;
  readonly browser: Browser;
  /** What this test expects to leave. */
  leaves: Leftover;
  /** Open a fresh notebook whose cells have these sources; nothing is run. */
  open(...cells: string[]): Promise<Notebook>;
  /** The same, and run all cells; none may fail. Resolves to the first app on screen. */
  run(...cells: string[]): Promise<Locator>;
  /** Write a notebook without opening it; its name. */
  write(cells: readonly (string | object)[]): string;
  /** What `code` prints in the kernel, trimmed. */
  python(code: string): Promise<string>;
  /** Wait until a Python expression is true; it is asked again until then. */
  untilPython(expression: string): Promise<void>;
  /** The apps on screen. */
  apps(): Locator;
  /** Take a picture of the window. */
  picture(name: string): Promise<void>;
  /** The folder for pictures. */
  readonly pictures: string;
}

/**
 * Make a page for the tests of a file, or of one `describe`; after each test, check that it left nothing.
 * With arguments it is theirs alone; without, the files share one, and the next test after a failure gets another.
 *
 * @param spec - Name of the kernel that notebooks get.
 * @param via - The address under which the page finds the server, given its own.
 */
export function useBench(spec = 'python3', via?: (url: string) => string): Bench {
  const room = via === undefined ? common : newRoom();
  let browser: Browser | null = null;
  let isOpen = false;
  let files = 0;
  const { url, token, root } = inject('lab');
  const lab = {
    urlOf: (file: string, classic?: boolean) =>
      urlsOf(via?.(url) ?? url, token, `tests-${process.pid}`)(file, classic)
  };
  // a file that has a kernel keeps it: no two benches may use the same name
  const prefix = `${path.basename(expect.getState().testPath ?? 'x').replace(/\W.*/, '')}-${spec}`;

  const bench: Bench = {
    leaves: nothing(),
    get browser() {
      return known(browser);
    },
    get notebook() {
      return known(room.notebook);
    },
    get page() {
      return known(room.notebook).page;
    },
    write(cells) {
      files += 1;
      const name = `${prefix}-${files}.ipynb`;
      writeFileSync(path.join(root, name), JSON.stringify(notebookOf(cells.map(dedented), spec)));
      return name;
    },
    async open(...cells) {
      const file = bench.write(cells);
      if (!isOpen && !room.isClean) {
        await leave(room);
      }
      room.isClean = false;
      if (room.notebook === null) {
        const options = { wakes: spec.includes('-7.3') };
        room.notebook = await openNotebook(known(browser), lab, file, options);
        await room.notebook.hideSidebar();
      } else {
        await room.notebook.openNext(file, room.kernel);
      }
      isOpen = true;
      return room.notebook;
    },
    async run(...cells) {
      const opened = await bench.open(...cells);
      await opened.runAll();
      expect(await opened.errors()).toEqual([]);
      const app = bench.apps().first();
      await app.waitFor();
      return app;
    },
    async python(code) {
      return (await bench.notebook.execute(code)).trim();
    },
    async untilPython(expression) {
      await expect.poll(() => bench.python(`print(bool(${expression}))`)).toBe('True');
    },
    pictures: PICTURES,
    apps: () => bench.page.locator('.jp-NotebookPanel .jp-OutputArea-output .ipyblocks'),
    async picture(name) {
      mkdirSync(PICTURES, { recursive: true });
      await bench.notebook.painted();
      await bench.page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
    }
  };

  beforeAll(async () => {
    browser = await (launched ??= launchBrowser());
  });

  afterEach(async ({ task }) => {
    const { errors, kernelGone, pageSpoilt } = bench.leaves;
    bench.leaves = nothing();
    const { notebook } = room;
    if (notebook === null) {
      return;
    }
    const wasOpen = isOpen;
    isOpen = false;
    const failed = task.result?.state === 'fail';
    if (failed) {
      await bench.picture(`failed ${task.name.replace(/[^\w ]/g, '')}`);
    }
    const left = wasOpen && !kernelGone ? await leftInKernel(bench) : [];
    const isClean = !failed && !pageSpoilt && left.length === 0;
    if (wasOpen) {
      // A kernel takes seconds to start; one that has nothing left in it serves the next test as well.
      room.kernel = await notebook.closeFile({ keepKernel: isClean && !kernelGone });
    }
    const styles = await appStyles(notebook.page);
    const expected = [...FOREIGN, ...errors];
    const unexpected = notebook.pageErrors
      .splice(0)
      .filter(text => !expected.some(each => each.test(text)));
    room.isClean = isClean;
    if (!failed) {
      expect({ errors: unexpected, left, styles }).toEqual({ errors: [], left: [], styles: [] });
    }
  });

  afterAll(async () => {
    if (room !== common) {
      await leave(room);
    }
  });

  return bench;
}

/** Close the page; the next notebook is opened in another. */
async function leave(room: Room): Promise<void> {
  const { notebook } = room;
  Object.assign(room, newRoom());
  await notebook?.page.context().close();
}

/** After `close_all`, what of ours is still there: showings, threads, widgets. */
async function leftInKernel(bench: Bench): Promise<unknown[]> {
  const printed = await bench.python(`
def _is_orphan(widget, instances):
    owners = [getattr(w, "layout", None) for w in instances.values()]
    return type(widget).__name__ == "Layout" and not any(widget is owner for owner in owners)
def _left():
    import json, sys, threading
    if "ipyblocks" not in sys.modules:
        return "[]"
    import ipyblocks
    from ipyblocks import display
    from ipywidgets.widgets.widget import _instances
    ipyblocks.close_all()
    ours = lambda: [t for t in threading.enumerate() if t.name.startswith("ipyblocks")]
    for thread in ours():
        thread.join(60)
    return json.dumps([
        *map(repr, display.shown()),
        *(t.name for t in ours()),
        # a layout whose widget is closed is nobody's: ipywidgets keeps it for ever
        *(type(w).__name__ for w in _instances.values() if isinstance(w, display.AppWidget)),
        *(repr(w) for w in _instances.values() if _is_orphan(w, _instances)),
    ])
print(_left())
import sys
if "ipywidgets" in sys.modules:
    # now, while the page knows them, and not whenever the kernel collects garbage
    sys.modules["ipywidgets"].Widget.close_all()
get_ipython().reset()
`);
  try {
    return JSON.parse(printed) as unknown[];
  } catch {
    return [printed];
  }
}

/** Text of the style elements that belong to a single app. */
function appStyles(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('style')]
      .map(element => element.textContent ?? '')
      .filter(text => /\.ib-app-/.test(text))
  );
}

/** Take the indentation of the first line off all lines, so that cells can be indented like the test. */
export function dedent(text: string): string {
  const lines = text.replace(/^\n|\s+$/g, '').split('\n');
  const indent = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  return lines.map(line => line.slice(Math.min(indent, line.search(/\S|$/)))).join('\n');
}

const dedented = (cell: string | object): string | object =>
  typeof cell === 'string' ? dedent(cell) : cell;

/** The values of an app's text fields, in order. */
export function fields(app: Locator): Promise<string[]> {
  return app
    .locator('input.ib-input, textarea')
    .evaluateAll(elements => elements.map(element => (element as HTMLInputElement).value));
}

/** Wait until a text field has a value. */
export async function shows(field: Locator, value: string): Promise<void> {
  await expect.poll(() => field.inputValue()).toBe(value);
}

function known<T>(value: T | null): T {
  if (value === null) {
    throw new Error('open() a notebook first');
  }
  return value;
}
