/**
 * CSS of an app's author, kept to the app: no rule of it matches anything outside, and what it names
 * (animations) gets a name of its own.
 */

/** What a style sheet is kept to. */
interface Scope {
  /** Selector of the app's own element. */
  readonly root: string;
  /** Begins the names that the app gives to its animations. */
  readonly prefix: string;
  /** Names of the animations in the sheet. */
  readonly animations: ReadonlySet<string>;
}

/**
 * CSS whose selectors reach only inside the element `root`.
 *
 * `html`, `body`, `:root` and `.gradio-container` stand for that element, and `.dark` for it in a dark
 * notebook. `@import`, `@page` and others whose effect cannot be kept to an element are left out, with a
 * word in the console.
 */
export function scoped(css: string, root: string, prefix: string): string {
  const rules = rulesOf(css);
  return rulesText(rules, null, { root, prefix, animations: namesOf(rules) });
}

/** Keep the style sheets inside an author's HTML to the app, as {@link scoped} does. */
export function scopeSheets(content: Element, root: string, prefix: string): void {
  const sheets = [...content.querySelectorAll('style')];
  const parsed = sheets.map(sheet => rulesOf(sheet.textContent ?? ''));
  const scope = { root, prefix, animations: namesOf(parsed.flat()) };
  sheets.forEach((sheet, index) => {
    sheet.textContent = rulesText(parsed[index] ?? [], null, scope);
  });
  if (scope.animations.size > 0) {
    content
      .querySelectorAll<HTMLElement>('[style*="animation"]')
      .forEach(({ style }) => declarations(style, scope));
  }
}

function rulesOf(css: string): CSSRule[] {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return [...sheet.cssRules];
}

function namesOf(rules: readonly CSSRule[]): ReadonlySet<string> {
  return new Set(rules.flatMap(animationsIn));
}

function animationsIn(rule: CSSRule): string[] {
  if (rule instanceof CSSKeyframesRule) {
    return [rule.name];
  }
  return rule instanceof CSSGroupingRule ? [...rule.cssRules].flatMap(animationsIn) : [];
}

/** @param parents - Selectors, already kept to the app, of the rule that these rules are nested in. */
function rulesText(
  rules: Iterable<CSSRule>,
  parents: readonly string[] | null,
  scope: Scope
): string {
  return [...rules].map(rule => ruleText(rule, parents, scope)).join('\n');
}

/** What only says when the rules inside count. `@page` has rules inside too, but of another kind. */
const CONDITIONS = /^@(?:media|supports|container|layer|scope|starting-style)\b/;

function ruleText(rule: CSSRule, parents: readonly string[] | null, scope: Scope): string {
  if (rule instanceof CSSStyleRule) {
    return styleText(rule, parents, scope);
  }
  if (rule instanceof CSSKeyframesRule) {
    const frames = [...rule.cssRules].map(frame => frame.cssText);
    return `@keyframes ${own(rule.name, scope)} { ${frames.join(' ')} }`;
  }
  if (rule instanceof CSSGroupingRule && CONDITIONS.test(rule.cssText)) {
    const head = rule.cssText.slice(0, rule.cssText.indexOf('{'));
    return `${head}{ ${rulesText(rule.cssRules, parents, scope)} }`;
  }
  if (parents !== null && 'style' in rule) {
    // Declarations that follow a nested rule.
    return `${parents.join(', ')} { ${declarations(rule.style as CSSStyleDeclaration, scope)} }`;
  }
  if (rule instanceof CSSFontFaceRule) {
    return rule.cssText;
  }
  console.warn(
    `ipyblocks: left out of an app's css, because it cannot be kept to the app: ${rule.cssText}`
  );
  return '';
}

/** A style rule, and after it those that were nested in it. */
function styleText(rule: CSSStyleRule, parents: readonly string[] | null, scope: Scope): string {
  const selectors = splitSelectors(rule.selectorText).flatMap(selector =>
    parents === null
      ? scopedSelector(selector, scope.root)
      : nestedSelectors(selector, parents, scope.root)
  );
  if (selectors.length === 0) {
    return '';
  }
  const text = `${selectors.join(', ')} { ${declarations(rule.style, scope)} }`;
  return `${text}\n${rulesText(rule.cssRules, selectors, scope)}`;
}

function declarations(style: CSSStyleDeclaration, scope: Scope): string {
  for (const property of ['animation-name', 'animation']) {
    // With a var() in it the shorthand has no longhands, and the name is somewhere in its text.
    const value = style.getPropertyValue(property);
    const renamed = value.replace(/[\w-]+/g, word => own(word, scope));
    if (renamed !== value) {
      style.setProperty(property, renamed, style.getPropertyPriority(property));
      break;
    }
  }
  return style.cssText;
}

/** The app's own name for an animation of its sheet; other names are the notebook's and stay. */
function own(name: string, { prefix, animations }: Scope): string {
  return animations.has(name) ? `${prefix}-${name}` : name;
}

// --- selectors -----------------------------------------------------------------------------------

const OWN =
  /^(?:html|body|gradio-app)(?![\w-])|:root(?![\w-])|\.(?:gradio-container|ipyblocks)(?![\w-])/g;
const DARK = /\.dark(?![\w-])/g;
const LIGHT = /:not\(\s*\.dark\s*\)/g;

/** The selector, or none, kept inside `root`; none when it matches nothing inside. */
export function scopedSelector(selector: string, root: string): string[] {
  let theme = '';
  let compounds = '';
  let rest = selector;
  let combinator = ' ';
  // `html body .gradio-container p` names the app three times.
  for (;;) {
    const first = firstCompound(rest);
    const found = ownCompound(first.compound);
    if (found === null) {
      return [`${theme}${root}${compounds}${combinator}${rest}`];
    }
    theme = found.theme || theme;
    compounds += found.compound;
    if (first.rest === '') {
      return [`${theme}${root}${compounds}`];
    }
    if (first.combinator === '+' || first.combinator === '~') {
      return []; // a sibling of the app
    }
    rest = first.rest;
    combinator = first.combinator === '>' ? ' > ' : ' ';
  }
}

/** What is left of a compound that stands for the app itself; null for one that does not. */
function ownCompound(compound: string): { compound: string; theme: string } | null {
  const [, head = '', tail = ''] = /^([^([]*)(.*)$/s.exec(compound.replace(LIGHT, '')) ?? [];
  const bare = head.replace(OWN, '');
  const isOwn = bare !== head;
  const light = isOwn && compound.search(LIGHT) >= 0;
  const dark = bare.replace(DARK, '') !== bare && (isOwn || compound === '.dark');
  if (!isOwn && !dark) {
    return null;
  }
  const theme = light
    ? `[data-jp-theme-light='true'] `
    : dark
      ? `[data-jp-theme-light='false'] `
      : '';
  return { compound: `${dark ? bare.replace(DARK, '') : bare}${tail}`, theme };
}

/** Selectors of a nested rule, with `&` written out. */
function nestedSelectors(selector: string, parents: readonly string[], root: string): string[] {
  const relative = selector.includes('&') ? selector : `& ${selector}`;
  const starts = relative.startsWith('&');
  const inner = (starts ? relative.slice(1) : relative).replaceAll(
    '&',
    `:is(${parents.join(', ')})`
  );
  if (!starts) {
    return scopedSelector(inner, root);
  }
  // A sibling of the app's own element is outside.
  const isSibling = /^\s*[+~]/.test(inner);
  return parents
    .filter(parent => !isSibling || firstCompound(withoutTheme(parent)).rest !== '')
    .map(parent => `${parent}${inner}`);
}

function withoutTheme(selector: string): string {
  return selector.replace(/^\[data-jp-theme-light='\w+'\] /, '');
}

/** A selector's first compound, and what follows it. */
function firstCompound(selector: string): { compound: string; combinator: string; rest: string } {
  const end = scan(selector, c => ' >+~'.includes(c));
  const [, combinator = '', rest = ''] = /^\s*([>+~]?)\s*(.*)$/s.exec(selector.slice(end)) ?? [];
  return { compound: selector.slice(0, end), combinator, rest };
}

/** Split a selector list at its commas. */
function splitSelectors(text: string): string[] {
  const end = scan(text, c => c === ',');
  const first = text.slice(0, end).trim();
  return end === text.length ? [first] : [first, ...splitSelectors(text.slice(end + 1))];
}

/** Position of the first character that is wanted, outside of brackets and strings; or the length. */
function scan(text: string, wanted: (c: string) => boolean): number {
  let depth = 0;
  let quote = '';
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (c === '\\') {
      i += 1;
    } else if (quote !== '') {
      quote = c === quote ? '' : quote;
    } else if (c === '"' || c === "'") {
      quote = c;
    } else if (c === '(' || c === '[') {
      depth += 1;
    } else if (c === ')' || c === ']') {
      depth -= 1;
    } else if (depth === 0 && wanted(c)) {
      return i;
    }
  }
  return text.length;
}
