/** What the person did wins over what the kernel said before it knew. */
import type { Json, Node, NodeId, Update } from '../protocol/wire';
import type { Store } from './store';

/** Whether the person has changed a prop since the kernel spoke. */
export type Holds = (node: NodeId, prop: string) => boolean;

/** An update without the props that the person has changed since. */
export function withoutOwn({ node, props, edits = {} }: Update, holds: Holds): Update {
  return { node, props: others(props), edits: others(edits) };

  function others<T>(values: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(Object.entries(values).filter(([name]) => !holds(node, name)));
  }
}

/** Nodes with the props that the person has changed since as they are shown. */
export function withOwn(nodes: readonly Node[], store: Store, holds: Holds): readonly Node[] {
  return nodes.map(node => {
    const shown = store.node(node.id)?.props as Record<string, Json> | undefined;
    const own = Object.entries(shown ?? {}).filter(([name]) => holds(node.id, name));
    return own.length === 0
      ? node
      : { ...node, props: { ...node.props, ...Object.fromEntries(own) } };
  });
}
