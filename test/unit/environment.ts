// The page's unit tests run in jsdom, as jest-environment-jsdom sets it up, plus the few things that
// Lumino, React and our components expect of a browser and that jsdom lacks. A shim does the least
// that lets code load and run: whatever needs real layout is tested in Chromium.
import { TestEnvironment } from 'jest-environment-jsdom';
import type { Environment } from 'vitest/runtime';

type JsdomConfig = ConstructorParameters<typeof TestEnvironment>[0];
type Shims = Record<string, unknown>;

/** The part of Jest's configuration the environment reads. */
const CONFIG = {
  globalConfig: {},
  projectConfig: { globals: {}, testEnvironmentOptions: {}, fakeTimers: {} }
} as unknown as JsdomConfig;

/** What Node has and pages have, too, but jsdom has not. */
const NODES = [
  'Request',
  'Response',
  'Headers',
  'TextDecoder',
  'TextEncoder',
  'fetch',
  'structuredClone'
] as const;

const environment: Environment = {
  name: 'ipyblocks',
  viteEnvironment: 'client',
  setup() {
    throw new Error('These tests need a pool whose files have a window each: pool "vmThreads".');
  },
  async setupVM() {
    const jsdom = new TestEnvironment(CONFIG, {
      console,
      docblockPragmas: {},
      testPath: ''
    });
    await jsdom.setup();
    const window = jsdom.global as unknown as Window & typeof globalThis;
    addMissing(window as unknown as Shims, shimsFor(window));
    const context = jsdom.getVmContext();
    if (context === null) {
      throw new Error('jsdom has no window.');
    }
    return {
      getVmContext: () => context,
      teardown: () => jsdom.teardown()
    };
  }
};

export default environment;

/** Define what is missing; a shim never hides the real thing, so it dies when jsdom learns it. */
function addMissing(global: Shims, shims: Shims): void {
  for (const name of Object.keys(shims).filter(each => global[each] === undefined)) {
    Object.defineProperty(global, name, {
      value: shims[name],
      configurable: true,
      writable: true
    });
  }
}

function shimsFor(window: Window & typeof globalThis): Shims {
  addStylesheetReplace(window);
  addPointerCapture(window);
  // jsdom's has no `subtle`
  Object.defineProperty(window, 'crypto', { value: crypto, configurable: true });
  return {
    ...Object.fromEntries(NODES.map(name => [name, globalThis[name]])),
    DragEvent: dragEvent(window),
    IntersectionObserver: Observer,
    PointerEvent: pointerEvent(window),
    ResizeObserver: Observer,
    matchMedia: (query: string) => mediaQuery(window, query)
  };
}

/** Nothing has a size here, so nothing is ever resized or scrolled into view. */
class Observer {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
  takeRecords(): [] {
    return [];
  }
}

/** Lumino's drag and drop subclasses it when its module is loaded. */
function dragEvent(window: Window & typeof globalThis) {
  return class DragEvent extends window.MouseEvent {
    readonly dataTransfer: DataTransfer | null;

    constructor(type: string, init: DragEventInit = {}) {
      super(type, init);
      this.dataTransfer = init.dataTransfer ?? null;
    }
  };
}

function pointerEvent(window: Window & typeof globalThis) {
  return class PointerEvent extends window.MouseEvent {
    readonly pointerId: number;
    readonly pointerType: string;

    constructor(type: string, init: PointerEventInit = {}) {
      super(type, init);
      this.pointerId = init.pointerId ?? 1;
      this.pointerType = init.pointerType ?? 'mouse';
    }
  };
}

/** No media query ever matches: light, wide, motion allowed. */
function mediaQuery(window: Window, media: string) {
  return Object.assign(new (window as Window & typeof globalThis).EventTarget(), {
    matches: false,
    media,
    onchange: null,
    addListener() {},
    removeListener() {}
  });
}

function addStylesheetReplace(window: Window & typeof globalThis): void {
  const { prototype } = window.CSSStyleSheet;
  if (!('replaceSync' in prototype)) {
    Object.assign(prototype, {
      replaceSync() {},
      replace(this: CSSStyleSheet) {
        return Promise.resolve(this);
      }
    });
  }
}

/** Dragging a slider captures the pointer, and long lists scroll their current item into view. */
function addPointerCapture(window: Window & typeof globalThis): void {
  const { prototype } = window.Element;
  if (!('setPointerCapture' in prototype)) {
    Object.assign(prototype, {
      setPointerCapture() {},
      releasePointerCapture() {},
      hasPointerCapture: () => false
    });
  }
  if (!('scrollIntoView' in prototype)) {
    Object.assign(prototype, { scrollIntoView() {} });
  }
}
