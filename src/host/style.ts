/** Style sheets in the document: one for all components, one per app for its theme and its own CSS. */
import { useInsertionEffect, useMemo } from 'react';

import type { Services } from '../components/component';
import { registry } from '../components/registry';
import type { App } from '../protocol/wire';
import { scoped, scopeSheets } from './scope';

const COMPONENTS_ID = 'ipyblocks-components';

/**
 * Add the components' CSS to the document, once. Nested in `.ipyblocks`, it is kept to apps and stronger than
 * what JupyterLab says of every button and field (`.jp-ThemedContainer button`).
 */
export function installComponentStyle(): void {
  if (document.getElementById(COMPONENTS_ID) === null) {
    const css = Object.values(registry).map(half => half.css);
    const style = addStyle(`.ipyblocks {\n${css.join('\n')}\n}`);
    style.id = COMPONENTS_ID;
  }
}

/** Theme tokens and the app's own CSS, kept to the element with class `scope`, while the app is drawn. */
export function useAppStyle(scope: string, app: App | null): void {
  const tokens = app?.tokens ?? null;
  const css = app?.css ?? null;
  // Before the first painting, so that an app never flashes in other colours.
  useInsertionEffect(() => {
    const root = rootOf(scope);
    const own = [
      ...(tokens === null ? [] : tokenRules(root, tokens)),
      ...(css === null ? [] : [scoped(css, root, scope)])
    ];
    if (own.length === 0) {
      return undefined;
    }
    const style = addStyle(own.join('\n'));
    return () => style.remove();
  }, [scope, tokens, css]);
}

/** Services that keep the style sheets inside an author's HTML to the element with class `scope`. */
export function useScopedServices(services: Services, scope: string): Services {
  return useMemo(
    () => ({ ...services, scopeSheets: content => scopeSheets(content, rootOf(scope), scope) }),
    [services, scope]
  );
}

/** The class over and over gives the author's rules the last word over ours. */
function rootOf(scope: string): string {
  return `.ipyblocks${`.${scope}`.repeat(3)}`;
}

function addStyle(css: string): HTMLStyleElement {
  const style = document.createElement('style');
  style.textContent = css;
  document.head.append(style);
  return style;
}

function tokenRules(root: string, tokens: NonNullable<App['tokens']>): string[] {
  const rule = (selector: string, values: Readonly<Record<string, string>> = {}): string => {
    const body = Object.entries(values).map(([name, value]) => `${name}: ${value};`);
    return `${selector} { ${body.join(' ')} }`;
  };
  return [
    rule(root, tokens['light']),
    rule(`[data-jp-theme-light='false'] ${root}`, tokens['dark'])
  ];
}
