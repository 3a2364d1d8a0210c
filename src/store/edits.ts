/** Changes inside values, as the kernel sends them for large ones. */
import type { Edit, Json, Update } from '../protocol/wire';

type List = readonly Json[];
type Dictionary = Readonly<Record<string, Json>>;

/**
 * A value with edits applied, in order. What does not change is shared with the old value.
 *
 * @param edits - Not looked into by the codec, so anything may be wrong with them.
 * @throws RangeError when an edit does not fit the value: the page has lost the thread.
 */
export function applyEdits(value: Json, edits: readonly Edit[]): Json {
  if (!Array.isArray(edits)) {
    throw new RangeError('Edits must be a list.');
  }
  return (edits as readonly Edit[]).reduce((result, edit) => {
    if (!isEdit(edit)) {
      throw new RangeError('An edit has no path, no known operation, or no value.');
    }
    return applied(result, edit, 0);
  }, value);
}

/** Whether an update says something of the value. */
export function hasValue({ props, edits = {} }: Update): boolean {
  return 'value' in props || 'value' in edits;
}

const OPERATIONS: ReadonlySet<unknown> = new Set(['replace', 'append', 'insert', 'delete']);

function isEdit(edit: Edit | null | undefined): edit is Edit {
  return Array.isArray(edit?.path) && OPERATIONS.has(edit.op) && edit.value !== undefined;
}

function applied(value: Json, edit: Edit, depth: number): Json {
  if (depth === edit.path.length) {
    return target(value, edit);
  }
  const key = edit.path[depth];
  if (Array.isArray(value) && typeof key === 'number') {
    return inList(value as List, key, edit, depth);
  }
  if (isDictionary(value) && typeof key === 'string') {
    return inDictionary(value, key, edit, depth);
  }
  throw misfit(edit);
}

function target(value: Json, edit: Edit): Json {
  if (edit.op === 'replace') {
    return edit.value;
  }
  if (edit.op === 'append' && typeof value === 'string' && typeof edit.value === 'string') {
    return value + edit.value;
  }
  throw misfit(edit);
}

function inList(list: List, index: number, edit: Edit, depth: number): Json {
  const last = depth === edit.path.length - 1;
  const inserts = last && edit.op === 'insert';
  if (!Number.isInteger(index) || index < 0 || index >= list.length + (inserts ? 1 : 0)) {
    throw misfit(edit);
  }
  const copy = [...list];
  if (inserts) {
    copy.splice(index, 0, edit.value);
  } else if (last && edit.op === 'delete') {
    copy.splice(index, 1);
  } else {
    copy[index] = applied(list[index] ?? null, edit, depth + 1);
  }
  return copy;
}

function inDictionary(dictionary: Dictionary, key: string, edit: Edit, depth: number): Json {
  const last = depth === edit.path.length - 1;
  if (last && edit.op === 'insert') {
    return { ...dictionary, [key]: edit.value };
  }
  // Not what every object inherits, such as `constructor`.
  if (!Object.hasOwn(dictionary, key)) {
    throw misfit(edit);
  }
  if (last && edit.op === 'delete') {
    return Object.fromEntries(Object.entries(dictionary).filter(([name]) => name !== key));
  }
  return { ...dictionary, [key]: applied(dictionary[key] ?? null, edit, depth + 1) };
}

function misfit(edit: Edit): RangeError {
  const keys = (edit.path as readonly unknown[])
    .slice(0, 10)
    .map(key => (typeof key === 'string' || typeof key === 'number' ? key : typeof key));
  return new RangeError(`There is no place ${JSON.stringify(keys)} to ${edit.op} at.`);
}

function isDictionary(value: Json): value is Dictionary {
  return (
    value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype
  );
}
