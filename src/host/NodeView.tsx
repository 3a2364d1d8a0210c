/** Draws one node of the tree, and through its layout those below it. */
import { Component, memo, useMemo, type ReactNode } from 'react';

import type { ComponentHalf } from '../components/component';
import { registry } from '../components/registry';
import type { Kind } from '../protocol/props';
import type { Json, NodeId } from '../protocol/wire';
import { useNode, usePage } from '../store/hooks';
import type { NodeState } from '../store/store';

/** Draw a node. Only the nodes that changed are drawn again. */
export const NodeView = memo(function NodeView({ id }: { readonly id: NodeId }): ReactNode {
  const node = useNode(id);
  if (node === undefined || node.props.visible === false) {
    return null;
  }
  const half = registry[node.kind] as ComponentHalf<Kind> | undefined;
  if (half === undefined) {
    return <Unknown kind={node.kind} />;
  }
  return (
    <Boundary kind={node.kind}>
      <Drawn node={node} half={half} />
    </Boundary>
  );
});

function Drawn({ node, half }: { node: NodeState; half: ComponentHalf<Kind> }): JSX.Element {
  const page = usePage();
  const { id } = node;
  const actions = useMemo(
    () => ({
      set: (props: object) => page.edit(id, props as Record<string, Json>),
      fire: (name: string, data?: unknown) => page.fire(id, name, (data ?? null) as Json),
      upload: (file: Blob, onProgress?: (share: number) => void, signal?: AbortSignal) =>
        page.files.uploads.send(id, file, onProgress, signal),
      answered: () => page.outbox.room(1)
    }),
    [page, id]
  );
  const children = node.children?.map(child => <NodeView key={child} id={child} />) ?? null;
  const view = {
    id,
    kind: node.kind,
    props: node.props,
    children,
    stream: node.stream,
    listens: (name: string) => node.events.has(name),
    ...actions
  };
  return <half.Body {...view} />;
}

function Unknown({ kind }: { kind: string }): JSX.Element {
  return (
    <div className="ib-Failure" role="alert">
      This page cannot draw a {kind}: its part of ipyblocks is older than the kernel&apos;s. Update
      ipyblocks where JupyterLab runs and reload the page.
    </div>
  );
}

/** A component that fails to draw says so in its place; the others go on. */
class Boundary extends Component<
  { readonly kind: string; readonly children: ReactNode },
  { readonly error: Error | null }
> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) {
      return this.props.children;
    }
    return (
      <div className="ib-Failure" role="alert">
        <div className="ib-Failure-head">
          <strong>This {this.props.kind} could not be drawn</strong>
          <button type="button" className="ib-link" onClick={() => this.setState({ error: null })}>
            Try again
          </button>
        </div>
        <details>
          <summary>Details</summary>
          <pre>{error.stack ?? error.message}</pre>
        </details>
      </div>
    );
  }
}
