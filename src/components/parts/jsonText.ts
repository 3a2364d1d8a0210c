/** JSON values as text, and what their tree unfolds to. */
import { Binary, UploadReference, type Json } from '../../protocol/wire';

/** A list or an object. */
export type Branch = readonly Json[] | { readonly [key: string]: Json };

export function isBranch(value: Json): value is Branch {
  const isObject = typeof value === 'object' && value !== null;
  return isObject && !(value instanceof Binary) && !(value instanceof UploadReference);
}

/** How many entries a list or an object has. */
export function sizeOf(branch: Branch): number {
  return Array.isArray(branch) ? branch.length : Object.keys(branch).length;
}

/** The first `count` entries: index or key, and value. */
export function entriesOf(branch: Branch, count: number): readonly (readonly [string, Json])[] {
  if (Array.isArray(branch)) {
    return branch.slice(0, count).map((value: Json, index) => [String(index), value]);
  }
  const fields = branch as { readonly [key: string]: Json };
  return Object.keys(fields)
    .slice(0, count)
    .map(key => [key, fields[key] as Json]);
}

/** A number, text, true, false or null as Python's `json` writes it: `NaN` and all digits of integers too. */
export function leafText(value: Json): string {
  if (typeof value === 'string') {
    return JSON.stringify(value);
  }
  if (typeof value === 'object' && value !== null) {
    return '"(bytes)"';
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Indented JSON text. */
export function jsonText(value: Json, indent = ''): string {
  if (!isBranch(value)) {
    return leafText(value);
  }
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const lines = entriesOf(value, Infinity).map(([key, item]) => {
    const text = jsonText(item, inner);
    return isList ? inner + text : `${inner}${JSON.stringify(key)}: ${text}`;
  });
  const [open, close] = isList ? '[]' : '{}';
  return lines.length === 0
    ? `${open}${close}`
    : `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

/** How much of a tree shows unfolded before anybody has touched it. */
export interface Unfolding {
  readonly levels: number;
  /** Stop when about so many lines show. */
  readonly lines: number;
  /** A level that has too many lines stays folded as a whole; otherwise its first branches unfold. */
  readonly whole: boolean;
  /** Entries of a branch that show at first. */
  readonly page: number;
}

/** The branches that show unfolded. The root always does: a folded root shows nothing. */
export function unfolded(
  root: Json,
  { levels, lines, whole, page }: Unfolding
): ReadonlySet<Branch> {
  const open = new Set<Branch>();
  let level = isBranch(root) ? [root] : [];
  let shown = 0;
  for (let depth = 0; depth < levels && level.length > 0; depth += 1) {
    const sizes = level.map(branch => Math.min(sizeOf(branch), page));
    const total = shown + sizes.reduce((sum, size) => sum + size, 0);
    if (whole && depth > 0 && total > lines) {
      break;
    }
    const next: Branch[] = [];
    for (const [index, branch] of level.entries()) {
      shown += sizes[index] ?? 0;
      if (depth > 0 && shown > lines) {
        return open;
      }
      open.add(branch);
      next.push(
        ...entriesOf(branch, page)
          .map(([, value]) => value)
          .filter(isBranch)
      );
    }
    level = next;
  }
  return open;
}
