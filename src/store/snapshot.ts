/**
 * Writes an app as a notebook keeps it. Anybody may read that, so no password and nothing that the person
 * chose goes into it. The kernel does the same for the first time: `ipyblocks/runtime/saved.py`.
 */
import { pack } from '../protocol/codec';
import { defaults } from '../protocol/props';
import {
  Binary,
  BlobReference,
  PROTOCOL,
  UploadReference,
  type Json,
  type Node,
  type Welcome
} from '../protocol/wire';
import { frameOf } from './saved';
import type { SmallPictures } from './small';
import { same, type NodeState, type Store } from './store';

/** Characters that a notebook keeps of one app. */
const LIMIT = 1_000_000;

/** Props that a component keeps when its value is left out. */
const PLACING = ['visible', 'scale', 'minWidth'];

/** What to write of a page. */
export interface Source {
  readonly store: Store;
  readonly epoch: string;
  readonly seen: number;
  readonly version: string;
  readonly control: boolean;
  /** Stands for pictures for which there is no room. */
  readonly small?: SmallPictures;
}

/** The snapshot of a page; null when it is too large, or there is nothing yet. */
export function snapshotOf({ store, epoch, seen, version, control, small }: Source): object | null {
  if (store.app === null || store.root === null) {
    return null;
  }
  const buffers: ArrayBufferView[] = [];
  const welcome: Welcome = {
    type: 'welcome',
    seq: seen,
    page: null,
    protocol: PROTOCOL,
    version,
    epoch,
    control,
    app: store.app,
    nodes: keptNodes(store, small),
    tasks: [],
    log: []
  };
  const content = frameOf(welcome, buffers);
  const texts = buffers.map(base64);
  const size = texts.reduce((sum, text) => sum + text.length, JSON.stringify(content).length);
  return size > LIMIT ? null : { content, buffers: texts };
}

/** The nodes of a tree, the root first, with what may and can be kept of them. */
export function keptNodes(store: Store, small?: SmallPictures): readonly Node[] {
  const nodes = [...inTree(store)].map(kept);
  const sizes = new Map(nodes.map(node => [node, sizeOf(node)]));
  let excess = [...sizes.values()].reduce((sum, size) => sum + size, 0) - LIMIT;
  const instead = new Map<Node, Node>();
  const largest = [...nodes].sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
  for (const node of largest.filter(({ children }) => children === undefined)) {
    // Bytes that the page fetches when it needs them are the kernel's alone.
    if (excess > 0 || holds(node.props, BlobReference)) {
      const size = sizes.get(node) ?? 0;
      const picture = small?.of(node.props['value'] ?? null) ?? null;
      const less = picture === null ? null : smaller(node, picture);
      instead.set(node, less ?? leftOut(node, size));
      excess -= size - (less === null ? 0 : sizeOf(less));
    }
  }
  return nodes.map(node => instead.get(node) ?? node);
}

const smaller = (node: Node, value: Binary): Node => ({
  ...node,
  props: { ...node.props, value }
});

function* inTree(store: Store, id = store.root): IterableIterator<NodeState> {
  const node = id === null ? undefined : store.node(id);
  if (node !== undefined) {
    yield node;
    for (const child of node.children ?? []) {
      yield* inTree(store, child);
    }
  }
}

function kept(node: NodeState): Node {
  const base = (defaults[node.kind] ?? {}) as unknown as Record<string, Json>;
  const props = Object.entries(node.props as unknown as Record<string, Json>).filter(
    ([name, value]) =>
      !(name in base && same(value, base[name])) && !(name === 'value' && isSecret(node, value))
  );
  return {
    id: node.id,
    kind: node.kind,
    props: Object.fromEntries(props),
    ...(node.children === null ? {} : { children: node.children }),
    ...(node.events.size > 0 ? { events: [...node.events] } : {}),
    ...(node.stream === null ? {} : { stream: node.stream }),
    ...(node.secret ? { secret: true } : {})
  };
}

/** A password, or what the person chose or took; the kernel's rule is `is_secret` in `snapshot.py`. */
function isSecret(node: NodeState, value: Json): boolean {
  const props = node.props as { readonly interactive?: boolean; readonly type?: unknown };
  return (
    node.secret ||
    props.type === 'password' ||
    holds(value, UploadReference) ||
    (props.interactive !== false && holds(value, Binary, BlobReference))
  );
}

type FileClass = typeof Binary | typeof BlobReference | typeof UploadReference;

function holds(value: Json, ...classes: readonly FileClass[]): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return (
    classes.some(each => value instanceof each) ||
    (!(value instanceof Binary) &&
      Object.values(value).some(each => holds(each as Json, ...classes)))
  );
}

function sizeOf(node: Node): number {
  const buffers: ArrayBufferView[] = [];
  const text = JSON.stringify(pack(node as unknown as Json, buffers));
  return buffers.reduce((sum, each) => sum + (each.byteLength * 4) / 3, text.length);
}

/** A sentence in the place of a component. */
function leftOut({ id, props }: Node, size: number): Node {
  const files = Object.values(props).filter(each => each instanceof BlobReference);
  const all = files.reduce((sum, each) => sum + each.size, size);
  const label = typeof props['label'] === 'string' ? `${props['label']}: ` : '';
  const words = `${label}${(all / 1e6).toFixed(1)} MB, left out of the saved notebook.`;
  const placed = Object.entries(props).filter(([name]) => PLACING.includes(name));
  // Backslashes keep what the label says from being read as Markdown.
  const value = words.replace(/[^\p{L}\p{N}\s]/gu, '\\$&');
  return { id, kind: 'markdown', props: { ...Object.fromEntries(placed), value } };
}

function base64(view: ArrayBufferView): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let text = '';
  // In pieces: one call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(text);
}
