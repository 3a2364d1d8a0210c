/** Changes inside values, as the kernel sends them for large ones. */
import type { Edit, Json } from '../protocol/wire';

type List = readonly Json[];
type Dictionary = Readonly<Record<string, Json>>;

/**
 * A value with edits applied, in order. What does not change is shared with the old value.
 *
 * @throws RangeError when an edit does not fit the value: the page has lost the thread.
 */
export function applyEdits(value: Json, edits: readonly Edit[]): Json {
  return edits.reduce((result, edit) => applied(result, edit, 0), value);
}

function applied(value: Json, edit: Edit, depth: number): Json {
  const key = edit.path[depth];
  if (key === undefined) {
    return edit.op === 'append' ? appended(value, edit.value) : edit.value;
  }
  const last = depth === edit.path.length - 1;
  if (Array.isArray(value) && typeof key === 'number') {
    return inList(value as List, key, edit, depth, last);
  }
  if (isDictionary(value) && typeof key === 'string') {
    return inDictionary(value, key, edit, depth, last);
  }
  throw new RangeError(`There is no ${JSON.stringify(edit.path)} to ${edit.op}.`);
}

function inList(list: List, index: number, edit: Edit, depth: number, last: boolean): Json {
  const copy = [...list];
  if (last && edit.op === 'insert' && index <= copy.length) {
    copy.splice(index, 0, edit.value);
    return copy;
  }
  const old = copy[index];
  if (old === undefined) {
    throw new RangeError(`There is no ${JSON.stringify(edit.path)} to ${edit.op}.`);
  }
  if (last && edit.op === 'delete') {
    copy.splice(index, 1);
  } else {
    copy[index] = applied(old, edit, depth + 1);
  }
  return copy;
}

function inDictionary(
  dictionary: Dictionary,
  key: string,
  edit: Edit,
  depth: number,
  last: boolean
): Json {
  if (last && edit.op === 'insert') {
    return { ...dictionary, [key]: edit.value };
  }
  const old = dictionary[key];
  if (old === undefined) {
    throw new RangeError(`There is no ${JSON.stringify(edit.path)} to ${edit.op}.`);
  }
  if (last && edit.op === 'delete') {
    return Object.fromEntries(Object.entries(dictionary).filter(([name]) => name !== key));
  }
  return { ...dictionary, [key]: applied(old, edit, depth + 1) };
}

function appended(value: Json, text: Json): Json {
  if (typeof value !== 'string' || typeof text !== 'string') {
    throw new RangeError('Only text can be appended to.');
  }
  return value + text;
}

function isDictionary(value: Json): value is Dictionary {
  return value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}
