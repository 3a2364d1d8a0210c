/**
 * `js` and `head` of an app: code that its author wants in the page.
 *
 * Only views draw apps, and a notebook creates views only where it is trusted, so a saved notebook that
 * nobody vouched for never gets here.
 */
import { useEffect, type RefObject } from 'react';

import type { App } from '../protocol/wire';
import type { Page } from '../store/page';

/** Pages whose `js` has run: once per page, however many views draw it. */
const ran = new WeakSet<Page>();

/** Put `head` into the document while the app is drawn, and run `js` once, after the first drawing. */
export function useAppCode(page: Page, app: App | null, root: RefObject<HTMLElement>): void {
  const head = app?.head ?? null;
  const js = app?.js ?? null;
  useEffect(() => {
    if (head === null) {
      return undefined;
    }
    const elements = headElements(head);
    document.head.append(...elements);
    return () => elements.forEach(element => element.remove());
  }, [head]);
  useEffect(() => {
    if (js !== null && root.current !== null && !ran.has(page)) {
      ran.add(page);
      run(js, root.current, page);
    }
  }, [page, js, root]);
}

/** Elements of an HTML text. A script made by parsing never runs, so scripts are made again. */
function headElements(html: string): Element[] {
  const template = document.createElement('template');
  template.innerHTML = html;
  return [...template.content.children].map(element => {
    if (!(element instanceof HTMLScriptElement)) {
      return element;
    }
    const script = document.createElement('script');
    [...element.attributes].forEach(({ name, value }) => script.setAttribute(name, value));
    script.textContent = element.textContent;
    return script;
  });
}

/** Run the app's function with its element as `this`. */
function run(js: string, root: HTMLElement, page: Page): void {
  const report = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    page.toasts.show({ level: 'error', title: 'The js of this app failed', message, duration: null });
  };
  try {
    // The author's own code, in a view of a trusted notebook: see above.
    const fn = new Function(`return (${js}\n)`)() as unknown;
    const result: unknown = typeof fn === 'function' ? fn.call(root) : undefined;
    Promise.resolve(result).catch(report);
  } catch (error) {
    report(error);
  }
}
