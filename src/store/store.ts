/**
 * The tree that is drawn: immutable nodes, patches, and who wants to know.
 *
 * Knows no framework. A node's object changes exactly when the node does, so a view may compare by identity.
 */
import { defaults, type Kind, type Props } from '../protocol/props';
import { BlobReference } from '../protocol/wire';
import type { App, Json, Node, NodeId, StreamRate, Update } from '../protocol/wire';
import { applyEdits } from './edits';

/** A node with its props complete. */
export interface NodeState<K extends Kind = Kind> {
  readonly id: NodeId;
  readonly kind: K;
  readonly props: Props[K];
  /** null for a component. */
  readonly children: readonly NodeId[] | null;
  /** Events that somebody listens to. */
  readonly events: ReadonlySet<string>;
  /** How to send its `stream` event; null: nobody listens to it. */
  readonly stream: StreamRate | null;
  /** The value must not be written into a file. */
  readonly secret: boolean;
}

type Listener = () => void;

/** Calls a function a little later; the default is the next animation frame. */
export type Schedule = (callback: () => void) => void;

/** The tree. */
export class Store {
  /**
   * @param schedule - When changes from the kernel that follow closely on others are told. The first after
   *   a quiet time is told at once.
   */
  constructor(private readonly schedule: Schedule) {}

  /** null before the first welcome. */
  get app(): App | null {
    return this._app;
  }

  get root(): NodeId | null {
    return this._root;
  }

  node(id: NodeId): NodeState | undefined {
    return this.nodes.get(id);
  }

  /** All nodes, those below the root that are in the tree and those that are on their way into it. */
  all(): IterableIterator<NodeState> {
    return this.nodes.values();
  }

  /** Whole tree at once. Nodes that did not change keep their object. */
  replace(app: App, nodes: readonly Node[]): void {
    const root = nodes[0]?.id ?? null;
    if (root !== this._root || !same(app, this._app)) {
      this._app = app;
      this._root = root;
      this.appChanged = true;
    }
    const gone = new Set(this.nodes.keys());
    for (const node of nodes) {
      gone.delete(node.id);
      this.renew(node);
    }
    for (const id of gone) {
      this.nodes.delete(id);
      this.changed.add(id);
    }
    this.tell();
  }

  /** Part of the tree anew. Nodes that are not named, or did not change, keep their object. */
  graft(removed: readonly NodeId[], nodes: readonly Node[]): void {
    for (const id of removed) {
      this.nodes.delete(id);
      this.changed.add(id);
    }
    nodes.forEach(node => this.renew(node));
    this.tell();
    this.tellOfChange();
  }

  /** New props from the kernel. Told at once after a quiet frame, else with others of the same frame. */
  patch(updates: readonly Update[]): void {
    for (const { node, props, edits } of updates) {
      this.merge(node, edits === undefined ? props : { ...props, ...this.edited(node, edits) });
    }
    this.tellSoon();
    this.tellOfChange();
  }

  /** New props by the person at the page; told at once, because a text field must keep its caret. */
  edit(node: NodeId, props: Readonly<Record<string, Json>>): void {
    this.merge(node, props);
    this.tell();
    this.tellOfChange();
  }

  /** Be told when a node changes. Returns how to stop. */
  subscribe(id: NodeId, listener: Listener): () => void {
    return add(this.listeners, id, listener);
  }

  /** Be told when the app as a whole changes (its root, title, theme). */
  subscribeApp(listener: Listener): () => void {
    this.appListeners.add(listener);
    return () => this.appListeners.delete(listener);
  }

  /** Be told when the person or the kernel has changed something; a whole tree anew is no change. */
  subscribeChanges(listener: Listener): () => void {
    this.changeListeners.add(listener);
    return () => this.changeListeners.delete(listener);
  }

  /** How many listeners there are. */
  get listening(): number {
    return [...this.listeners.values()].reduce(
      (sum, set) => sum + set.size,
      this.appListeners.size + this.changeListeners.size
    );
  }

  private edited(id: NodeId, edits: NonNullable<Update['edits']>): Readonly<Record<string, Json>> {
    const props = this.nodes.get(id)?.props as Record<string, Json> | undefined;
    // Of a node that is gone, nothing is known and nothing is to be changed.
    const known = props === undefined ? [] : Object.entries(edits);
    return Object.fromEntries(
      known.map(([name, list]) => [name, applyEdits(props?.[name] ?? null, list)])
    );
  }

  private merge(id: NodeId, props: Readonly<Record<string, Json>>): void {
    const old = this.nodes.get(id);
    // A node that is gone: the patch was on its way when the tree changed.
    if (old === undefined || Object.keys(props).length === 0) {
      return;
    }
    this.put({ ...old, props: { ...old.props, ...props } });
  }

  private renew(node: Node): void {
    const old = this.nodes.get(node.id);
    const fresh = complete(node);
    if (old === undefined || !equal(old, fresh)) {
      this.put(fresh);
    }
  }

  private put(node: NodeState): void {
    this.nodes.set(node.id, node);
    this.changed.add(node.id);
  }

  private tellSoon(): void {
    if (!this.quiet) {
      return;
    }
    this.quiet = false;
    this.schedule(() => this.tellLate());
    this.tell();
  }

  private tellLate(): void {
    // A frame with news is followed by another that collects, so that a stream is told once a frame.
    this.quiet = this.changed.size === 0;
    if (!this.quiet) {
      this.schedule(() => this.tellLate());
      this.tell();
    }
  }

  private tell(): void {
    const changed = this.changed;
    this.changed = new Set();
    for (const id of changed) {
      this.listeners.get(id)?.forEach(listener => listener());
    }
    if (this.appChanged) {
      this.appChanged = false;
      this.appListeners.forEach(listener => listener());
    }
  }

  private tellOfChange(): void {
    this.changeListeners.forEach(listener => listener());
  }

  private _app: App | null = null;
  private _root: NodeId | null = null;
  private readonly nodes = new Map<NodeId, NodeState>();
  private readonly listeners = new Map<NodeId, Set<Listener>>();
  private readonly appListeners = new Set<Listener>();
  private readonly changeListeners = new Set<Listener>();
  private changed = new Set<NodeId>();
  private appChanged = false;
  private quiet = true;
}

/** Add to a table of sets; returns how to take out again, leaving no empty set behind. */
export function add<K>(table: Map<K, Set<Listener>>, key: K, listener: Listener): () => void {
  const set = table.get(key) ?? new Set();
  table.set(key, set.add(listener));
  return () => {
    set.delete(listener);
    if (set.size === 0) {
      table.delete(key);
    }
  };
}

function complete(node: Node): NodeState {
  // A kind that this page does not know (an older page) keeps the props it was sent.
  const base: object = defaults[node.kind as Kind] ?? {};
  return {
    id: node.id,
    kind: node.kind as Kind,
    props: { ...base, ...node.props } as unknown as Props[Kind],
    children: node.children ?? null,
    events: new Set(node.events ?? []),
    stream: node.stream ?? null,
    secret: node.secret === true
  };
}

function equal(a: NodeState, b: NodeState): boolean {
  return (
    a.kind === b.kind &&
    a.secret === b.secret &&
    same(a.children, b.children) &&
    same([...a.events], [...b.events]) &&
    same(a.stream, b.stream) &&
    same(a.props, b.props)
  );
}

/** Deep equality of JSON values. Binary data is compared by identity: a new one is a new picture. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) {
    return true;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return false;
  }
  if (a instanceof BlobReference && b instanceof BlobReference) {
    return a.blob === b.blob;
  }
  if (!isPlain(a) || !isPlain(b) || Array.isArray(a) !== Array.isArray(b)) {
    return false;
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      key =>
        key in b && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
    )
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype;
}
