/**
 * `js` and `head` of an app: code that its author wants in the page.
 *
 * Only views draw apps, and a notebook creates views only where it is trusted, so a saved notebook that
 * nobody vouched for never gets here.
 */
import { useEffect, type RefObject } from 'react';

import type { App } from '../protocol/wire';
import type { JsRunner } from '../store/js';
import type { Page } from '../store/page';

/** Pages whose `js` has run: once per page, however many views draw it. */
const ran = new WeakSet<Page>();

/**
 * Put `head` into the document while the app is drawn, and run `js` once, after the first drawing and after
 * the scripts of `head`, which it may need.
 */
export function useAppCode(page: Page, app: App | null, root: RefObject<HTMLElement>): void {
  const head = app?.head ?? null;
  const js = app?.js ?? null;
  useEffect(() => {
    const here = new AbortController();
    const start = async (): Promise<void> => {
      if (head !== null) {
        await addToHead(head, here.signal);
      }
      if (js !== null && root.current !== null && !here.signal.aborted && !ran.has(page)) {
        ran.add(page);
        run(js, root.current, page);
      }
    };
    void start();
    return () => here.abort();
  }, [page, head, js, root]);
}

/**
 * Put the elements of an HTML text into the document's head until the signal is given. One after the other:
 * a script may need the one before it.
 */
async function addToHead(html: string, signal: AbortSignal): Promise<void> {
  const template = document.createElement('template');
  template.innerHTML = html;
  for (const parsed of [...template.content.children]) {
    // These two would be the notebook's: every relative address of it, and its title.
    if (signal.aborted || parsed.matches('base, title')) {
      continue;
    }
    const element = parsed instanceof HTMLScriptElement ? runnable(parsed) : parsed;
    signal.addEventListener('abort', () => element.remove(), { once: true });
    const loaded = waits(element) ? whenLoaded(element) : undefined;
    document.head.append(element);
    await loaded;
  }
}

/** A script made by parsing never runs, so it is made again. */
function runnable(parsed: HTMLScriptElement): HTMLScriptElement {
  const script = document.createElement('script');
  [...parsed.attributes].forEach(({ name, value }) => script.setAttribute(name, value));
  script.textContent = parsed.textContent;
  return script;
}

function waits(element: Element): boolean {
  return (
    element instanceof HTMLScriptElement && element.src !== '' && !element.hasAttribute('async')
  );
}

/** One that cannot be loaded is the console's matter; the others go on. */
function whenLoaded(element: Element): Promise<void> {
  return new Promise(resolve => {
    element.addEventListener('load', () => resolve(), { once: true });
    element.addEventListener('error', () => resolve(), { once: true });
  });
}

/** Let the kernel have `js` steps of events run, while a view is there. */
export function useEventCode(page: Page, root: RefObject<HTMLElement>): void {
  useEffect(() => {
    // Async, so that code which cannot even be read rejects.
    const runStep: JsRunner = async (code, args) => {
      const result: unknown = await functionOf(code)?.call(root.current, ...args);
      return result;
    };
    page.onJs = runStep;
    return () => {
      if (page.onJs === runStep) {
        page.onJs = null;
      }
    };
  }, [page, root]);
}

/** Run the app's function with its element as `this`. */
function run(js: string, root: HTMLElement, page: Page): void {
  const report = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    page.toasts.show({
      level: 'error',
      title: 'The js of this app failed',
      message,
      duration: null
    });
  };
  try {
    Promise.resolve(functionOf(js)?.call(root)).catch(report);
  } catch (error) {
    report(error);
  }
}

/** The author's own code, in a view of a trusted notebook: see above. */
function functionOf(js: string): ((...args: readonly unknown[]) => unknown) | undefined {
  const fn: unknown = (0, eval)(`(${js.replace(/[\s;]+$/, '')}\n)`);
  return typeof fn === 'function' ? (fn as (...args: readonly unknown[]) => unknown) : undefined;
}
