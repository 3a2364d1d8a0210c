/** Style sheets in the document: one for all components, one per app for its theme and its own CSS. */
import { useEffect } from 'react';

import { registry } from '../components/registry';
import type { App } from '../protocol/wire';

const COMPONENTS_ID = 'ipyblocks-components';

/** Add the components' CSS to the document, once. */
export function installComponentStyle(): void {
  if (document.getElementById(COMPONENTS_ID) === null) {
    const css = Object.values(registry).map(half => half.css);
    const style = addStyle(css.join('\n'));
    style.id = COMPONENTS_ID;
  }
}

/** Theme tokens and the app's own CSS, kept to the element with class `scope`. */
export function useAppStyle(scope: string, app: App | null): void {
  const tokens = app?.tokens ?? null;
  const css = app?.css ?? null;
  useEffect(() => {
    const own = `${tokens === null ? '' : tokenRules(scope, tokens)}\n${css === null ? '' : scoped(css, `.${scope}`)}`;
    if (own.trim() === '') {
      return undefined;
    }
    const style = addStyle(own);
    return () => style.remove();
  }, [scope, tokens, css]);
}

function addStyle(css: string): HTMLStyleElement {
  const style = document.createElement('style');
  style.textContent = css;
  document.head.append(style);
  return style;
}

function tokenRules(scope: string, tokens: NonNullable<App['tokens']>): string {
  const rule = (selector: string, values: Readonly<Record<string, string>> = {}): string => {
    const body = Object.entries(values).map(([name, value]) => `${name}: ${value};`);
    return `${selector} { ${body.join(' ')} }`;
  };
  return [
    rule(`.ipyblocks.${scope}`, tokens['light']),
    rule(`[data-jp-theme-light='false'] .ipyblocks.${scope}`, tokens['dark'])
  ].join('\n');
}

/**
 * CSS whose selectors reach only inside `root`. `html`, `body`, `:root` and `.gradio-container` stand for
 * the app itself. `@keyframes` and `@font-face` name things and are left as they are; `@import` is dropped,
 * because what it brings could not be scoped.
 */
export function scoped(css: string, root: string): string {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return rulesOf(sheet.cssRules, root);
}

function rulesOf(rules: CSSRuleList, root: string): string {
  return [...rules].map(rule => ruleText(rule, root)).join('\n');
}

function ruleText(rule: CSSRule, root: string): string {
  if (rule instanceof CSSStyleRule) {
    const selectors = splitSelectors(rule.selectorText).map(each => scopedSelector(each, root));
    return `${selectors.join(', ')} { ${rule.style.cssText} ${nested(rule)} }`;
  }
  if (rule instanceof CSSGroupingRule) {
    const head = rule.cssText.slice(0, rule.cssText.indexOf('{'));
    return `${head} { ${rulesOf(rule.cssRules, root)} }`;
  }
  return rule.cssText;
}

/** Rules nested in a style rule are relative to it, and so already inside the app. */
function nested(rule: CSSStyleRule): string {
  return [...rule.cssRules].map(inner => inner.cssText).join(' ');
}

function scopedSelector(selector: string, root: string): string {
  const own = /^(html|body|:root|gradio-app|\.gradio-container)(?![\w-])/;
  const rest = selector.replace(own, '');
  if (rest !== selector) {
    // `body .gradio-container p` names the app twice.
    return `${root}${rest.trimStart() === rest ? rest : ''}` === root && rest !== ''
      ? scopedSelector(rest.trim(), root)
      : `${root}${rest}`;
  }
  return `${root} ${selector}`;
}

/** Split a selector list at the commas outside of brackets and strings. */
function splitSelectors(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (c === '(' || c === '[') {
      depth += 1;
    } else if (c === ')' || c === ']') {
      depth -= 1;
    } else if (c === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}
