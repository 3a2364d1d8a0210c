/**
 * Frames to and from what a comm carries: the one place where `unknown` becomes a message.
 *
 * The `$` encodings inside values are described in `ipyblocks/codec.py`, the other end.
 */
import {
  Binary,
  BlobReference,
  PROTOCOL,
  shapes,
  TO_PAGE_TYPES,
  UploadReference,
  type BlobId,
  type Json,
  type PageId,
  type ToKernel,
  type ToPage,
  type UploadId
} from './wire';

/** One comm message: JSON, and the buffers it refers to. */
export interface Packet {
  readonly content: unknown;
  readonly buffers: readonly ArrayBufferView[];
}

/** A decoded frame from the kernel. */
export interface DecodedFrame {
  readonly epoch: string;
  readonly acks: Readonly<Record<string, number>>;
  /** The last message sent so far. */
  readonly last: number;
  /** The kernel wants to know how far the page is. */
  readonly ask: boolean;
  /** Pages that are to send again what has no ack. */
  readonly missing: readonly string[];
  readonly messages: readonly ToPage[];
  /** Numbers of messages that were left out because their type is unknown: a newer kernel. */
  readonly unknown: readonly number[];
  /** Why messages were left out: an unknown type or a wrong shape. */
  readonly problems: readonly string[];
}

/** A message or value that cannot be read or sent; says where and why. */
export class WireError extends Error {}

const MAX_DEPTH = 200;
const NAMED_NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity]
]);
const TO_PAGE: ReadonlySet<string> = new Set<string>(TO_PAGE_TYPES);

/**
 * Read a frame from the kernel.
 *
 * @throws WireError when the frame itself is malformed; a malformed message inside is left out and named
 *   in `problems`.
 */
export function decodeFrame(content: unknown, buffers: readonly ArrayBufferView[]): DecodedFrame {
  const frame = unpack(content, buffers);
  const problem =
    check(frame, 'ToPageFrame', '$') ?? checkCount(frame, 'last', '$') ?? checkAcks(frame);
  if (problem !== null) {
    throw new WireError(problem);
  }
  const { epoch, acks, last, messages, ...rest } = frame as {
    epoch: string;
    acks: Record<string, number>;
    last: number;
    messages: readonly Json[];
    ask?: boolean;
    missing?: readonly string[];
  };
  const good: ToPage[] = [];
  const unknown: number[] = [];
  const problems: string[] = [];
  messages.forEach((message, index) => {
    const wrong = checkMessage(message, `$.messages[${index}]`);
    if (wrong === null) {
      good.push(message as unknown as ToPage);
    } else {
      problems.push(wrong);
      unknown.push(...unknownNumber(message));
    }
  });
  const { ask = false, missing = [] } = rest;
  return { epoch, acks, last, ask, missing, messages: good, unknown, problems };
}

/** A frame for the kernel, without its messages. */
export interface Heading {
  readonly page: PageId;
  /** The last message of the kernel that the page has applied. */
  readonly ack: number;
  /** The last message of the page so far. */
  readonly last: number;
  /** The kernel is to say how far it is. */
  readonly ask?: true;
}

/**
 * Turn messages into a packet for the kernel.
 *
 * @throws WireError when a value is nested too deep.
 */
export function encodeFrame(heading: Heading, messages: readonly ToKernel[]): Packet {
  const buffers: ArrayBufferView[] = [];
  const packed = messages.map(message => packFields(message, buffers));
  return { content: { ...heading, messages: packed }, buffers };
}

/** Replace what JSON cannot say; bytes are appended to `buffers`. */
export function pack(value: Json, buffers: ArrayBufferView[], depth = 0): unknown {
  if (depth > MAX_DEPTH) {
    throw new WireError(`The value is nested more than ${MAX_DEPTH} levels deep.`);
  }
  switch (typeof value) {
    case 'string':
      return wellFormed(value);
    case 'bigint':
      return { $int: value.toString() };
    case 'number':
      return Number.isFinite(value) ? value : { $number: String(value) };
    case 'object':
      return value === null ? null : packObject(value, buffers, depth);
    default:
      return value;
  }
}

/** The inverse of {@link pack}. */
export function unpack(value: unknown, buffers: readonly ArrayBufferView[], depth = 0): Json {
  if (depth > MAX_DEPTH) {
    throw new WireError(`The message is nested more than ${MAX_DEPTH} levels deep.`);
  }
  if (Array.isArray(value)) {
    return value.map(item => unpack(item, buffers, depth + 1));
  }
  if (value === null || typeof value !== 'object') {
    return unpackScalar(value);
  }
  const source = value as Readonly<Record<string, unknown>>;
  const special = unpackSpecial(source, buffers);
  if (special !== undefined) {
    return special;
  }
  const result: Record<string, Json> = {};
  for (const [key, item] of Object.entries(source)) {
    // defineProperty, because assigning to `__proto__` would change what the object inherits
    const name = key.startsWith('$$') ? key.slice(1) : key;
    const unpacked = unpack(item, buffers, depth + 1);
    if (name === '__proto__') {
      Object.defineProperty(result, name, { value: unpacked, enumerable: true });
    } else {
      result[name] = unpacked;
    }
  }
  return result;
}

function packFields(message: ToKernel, buffers: ArrayBufferView[]): Record<string, unknown> {
  // Field names of a message never start with `$`, so only their values are packed.
  return Object.fromEntries(
    Object.entries(message)
      .filter(([, value]) => value !== undefined)
      // frame, list and message are levels to the kernel, which counts from the frame
      .map(([key, value]) => [key, pack(value as Json, buffers, 3)])
  );
}

function packObject(value: Json & object, buffers: ArrayBufferView[], depth: number): unknown {
  if (value instanceof Binary) {
    buffers.push(value.data);
    const name = value.name === null ? {} : { name: value.name };
    return { $buffer: buffers.length - 1, mimeType: value.mimeType, ...name };
  }
  if (value instanceof UploadReference) {
    return { $upload: value.upload };
  }
  if (value instanceof BlobReference) {
    const { blob, size, mimeType, name } = value;
    return { $blob: blob, size, mimeType, ...(name === null ? {} : { name }) };
  }
  if (Array.isArray(value)) {
    return value.map(item => pack(item as Json, buffers, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.startsWith('$') ? '$' + key : key,
      pack(item, buffers, depth + 1)
    ])
  );
}

function unpackScalar(value: unknown): Json {
  if (typeof value === 'string') {
    return wellFormed(value);
  }
  if (value === null || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  throw new WireError(`A value of type ${typeof value} is not JSON.`);
}

function unpackSpecial(
  value: Readonly<Record<string, unknown>>,
  buffers: readonly ArrayBufferView[]
): Json | undefined {
  if ('$buffer' in value) {
    return binary(value, buffers);
  }
  if ('$number' in value) {
    const number = NAMED_NUMBERS.get(value['$number']);
    if (number === undefined) {
      throw new WireError('A $number must be NaN, Infinity or -Infinity.');
    }
    return number;
  }
  if ('$int' in value) {
    const digits = value['$int'];
    if (typeof digits !== 'string' || digits.length > 1000 || !/^-?\d+$/.test(digits)) {
      throw new WireError('A $int must be a string of at most 1000 digits.');
    }
    return BigInt(digits);
  }
  if ('$upload' in value) {
    if (typeof value['$upload'] !== 'number') {
      throw new WireError('$upload must be a number.');
    }
    return new UploadReference(value['$upload'] as UploadId);
  }
  if ('$blob' in value) {
    return blobReference(value);
  }
  return undefined;
}

function blobReference(value: Readonly<Record<string, unknown>>): BlobReference {
  const { $blob: blob, size, mimeType = '', name = null } = value;
  if (typeof blob !== 'number' || typeof size !== 'number') {
    throw new WireError('$blob and its size must be numbers.');
  }
  if (typeof mimeType !== 'string' || (name !== null && typeof name !== 'string')) {
    throw new WireError("A blob's mimeType and name must be strings.");
  }
  return new BlobReference(blob as BlobId, size, mimeType, name);
}

function binary(
  value: Readonly<Record<string, unknown>>,
  buffers: readonly ArrayBufferView[]
): Binary {
  const { $buffer: index, mimeType = '', name = null } = value;
  const view = typeof index === 'number' ? buffers[index] : undefined;
  if (view === undefined) {
    throw new WireError(`The message refers to buffer ${describe(index)} of ${buffers.length}.`);
  }
  if (typeof mimeType !== 'string' || (name !== null && typeof name !== 'string')) {
    throw new WireError("A buffer's mimeType and name must be strings.");
  }
  // A comm hands out views into its own message; copying lets that message go.
  const bytes = new Uint8Array(view.byteLength);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return new Binary(bytes, mimeType, name);
}

/** Lone surrogates have no UTF-8 form; they become U+FFFD, as `String.toWellFormed` does. */
function wellFormed(text: string): string {
  return text.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    '\ufffd'
  );
}

// --- shapes ----------------------------------------------------------------------------------------

function checkMessage(message: Json, path: string): string | null {
  const type = field(message, 'type');
  if (typeof type !== 'string' || !TO_PAGE.has(type)) {
    return `${path}: unknown message type ${describe(type)}`;
  }
  if (type === 'welcome' && isOfAnotherVersion(message)) {
    return null;
  }
  return check(message, type, path) ?? checkCount(message, 'seq', path);
}

/** After a NaN, which is a number on the wire, no number would ever be the next. */
function checkCount(value: Json, name: string, path: string): string | null {
  return Number.isSafeInteger(field(value, name)) ? null : `${path}.${name}: not a whole number`;
}

/** A welcome may have any shape in another protocol; these three fields say which to update. */
function isOfAnotherVersion(welcome: Json): boolean {
  const [protocol, version, page] = ['protocol', 'version', 'page'].map(name =>
    field(welcome, name)
  );
  return (
    typeof protocol === 'number' &&
    protocol !== PROTOCOL &&
    typeof version === 'string' &&
    (page === null || typeof page === 'string')
  );
}

/** The number of a message whose type is unknown; none for a known type, which is worth asking for again. */
function unknownNumber(message: Json): number[] {
  const [type, seq] = [field(message, 'type'), field(message, 'seq')];
  return typeof type === 'string' && !TO_PAGE.has(type) && Number.isSafeInteger(seq)
    ? [seq as number]
    : [];
}

function checkAcks(frame: Json): string | null {
  const acks = field(frame, 'acks') as Readonly<Record<string, Json>>;
  const wrong = Object.entries(acks).find(([, seq]) => typeof seq !== 'number');
  if (wrong !== undefined) {
    return `$.acks: expected numbers, got ${kindOf(wrong[1])}`;
  }
  return Object.values(acks).every(Number.isSafeInteger) ? null : '$.acks: not all whole numbers';
}

function field(value: Json, name: string): Json | undefined {
  return kindOf(value) === 'object' ? (value as Readonly<Record<string, Json>>)[name] : undefined;
}

/** A value in the words of a problem: short, and never an error of its own. */
function describe(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? JSON.stringify(value).slice(0, 80)
    : typeof value;
}

/** The first thing that is wrong with a struct, or null. */
function check(value: Json, struct: string, path: string): string | null {
  if (kindOf(value) !== 'object') {
    return `${path}: expected an object, got ${kindOf(value)}`;
  }
  const fields = value as Readonly<Record<string, Json>>;
  for (const [name, shape] of Object.entries(shapes[struct] ?? {})) {
    const wrong = checkField(fields[name], shape, `${path}.${name}`);
    if (wrong !== null) {
      return wrong;
    }
  }
  return null;
}

function checkField(value: Json | undefined, shape: string, path: string): string | null {
  if (value === undefined) {
    return shape.endsWith('?') ? null : `${path}: missing`;
  }
  const wanted = shape.replace('?', '');
  if (wanted === 'any') {
    return null;
  }
  if (wanted.endsWith('[]')) {
    return checkList(value, wanted.slice(0, -2), path);
  }
  const kinds = wanted.split('|');
  const struct = kinds.find(kind => kind in shapes);
  if (struct !== undefined && !(value === null && kinds.includes('null'))) {
    return check(value, struct, path);
  }
  return kinds.includes(kindOf(value)) ? null : `${path}: expected ${wanted}, got ${kindOf(value)}`;
}

function checkList(value: Json, struct: string, path: string): string | null {
  if (!Array.isArray(value)) {
    return `${path}: expected a list, got ${kindOf(value)}`;
  }
  for (const [index, item] of value.entries()) {
    const wrong = check(item as Json, struct, `${path}[${index}]`);
    if (wrong !== null) {
      return wrong;
    }
  }
  return null;
}

function kindOf(value: Json): string {
  if (value === null) {
    return 'null';
  }
  if (
    value instanceof Binary ||
    value instanceof BlobReference ||
    value instanceof UploadReference
  ) {
    return 'file';
  }
  return Array.isArray(value) ? 'array' : typeof value;
}
