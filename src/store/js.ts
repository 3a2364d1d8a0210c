/** The `js` step of an event: code of the app's author, run when the kernel asks for it. */
import { Binary, UploadReference, type Json, type JsResult, type RunJs } from '../protocol/wire';

/** Runs code of the app's author with arguments. */
export type JsRunner = (code: string, args: readonly Json[]) => Promise<unknown>;

/**
 * Run a step. Never rejects: what goes wrong is the kernel's to tell.
 *
 * @param run - null: no view draws the app, and only views are known to be trusted.
 */
export async function runStep(
  run: JsRunner | null,
  { task, code, args }: RunJs
): Promise<Omit<JsResult, 'seq'>> {
  try {
    if (run === null) {
      throw new Error('The app is not shown, so its js cannot run.');
    }
    const result = await run(code, args);
    const values = (Array.isArray(result) ? result : [result]).map(value => asJson(value, []));
    return { type: 'jsResult', task, values, error: null };
  } catch (caught) {
    const error = caught instanceof Error ? caught.message : String(caught);
    return { type: 'jsResult', task, values: null, error };
  }
}

/** Levels of nesting that fit into a message. */
const DEEPEST = 150;

/** What any code may return, as a value of the wire; an element of the page, say, is none. */
function asJson(value: unknown, parents: readonly unknown[]): Json {
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return value;
    case 'object':
      return value === null ? null : objectAsJson(value, parents);
    default:
      throw new TypeError(`A ${typeof value} cannot be sent to the kernel.`);
  }
}

function objectAsJson(value: object, parents: readonly unknown[]): Json {
  if (value instanceof Binary || value instanceof UploadReference) {
    return value;
  }
  if (parents.includes(value) || parents.length >= DEEPEST) {
    throw new TypeError('An object that contains itself, or is nested too deep, cannot be sent.');
  }
  const inside = [...parents, value];
  if (Array.isArray(value)) {
    return value.map(item => asJson(item, inside));
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return asJson((value.toJSON as () => unknown)(), inside);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`A ${value.constructor.name} cannot be sent to the kernel.`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, asJson(item, inside)])
  );
}
