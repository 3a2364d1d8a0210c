/** Bars that run to their end: for a moment, a task that ended well is seen to be complete. */
import type { NodeId } from '../protocol/wire';
import type { TaskRecord } from './tasks';

/** Milliseconds from the end of a task until its bar goes. */
export const RUN_OUT_MS = 300;

/** Calls a function after some milliseconds; returns how to call it off. */
export type Later = (callback: () => void, milliseconds: number) => () => void;

/** The next animation frame, or soon in a page that is not painted. */
export function nextFrame(callback: () => void): void {
  if (document.hidden) {
    setTimeout(callback, 50);
  } else {
    requestAnimationFrame(callback);
  }
}

/** {@link Later} by the host's own timer. */
export function later(callback: () => void, milliseconds: number): () => void {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}

/** Whether the person has asked for no motion. */
export function isCalm(): boolean {
  // Without a window, as in a test or a bench, nobody looks.
  return typeof matchMedia === 'function' && matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** Which bar runs out at which node. */
export class RunOuts {
  constructor(private readonly later: Later) {}

  /** The task whose bar runs out at a node; null: none. */
  at(node: NodeId): TaskRecord | null {
    return this.bars.get(node)?.task ?? null;
  }

  /**
   * A task has ended at nodes that show its bar.
   *
   * @param onGone - Called with the nodes whose bars have had their time.
   */
  begin(
    task: TaskRecord,
    nodes: readonly NodeId[],
    onGone: (nodes: readonly NodeId[]) => void
  ): void {
    const left = new Set(nodes);
    if (left.size === 0) {
      return;
    }
    const stop = this.later(() => {
      left.forEach(node => this.bars.delete(node));
      onGone([...left]);
    }, RUN_OUT_MS);
    left.forEach(node => this.bars.set(node, { task, left, stop }));
  }

  /** Something else is to be shown at a node, or the node is gone. Returns whether there was a bar. */
  end(node: NodeId): boolean {
    const bar = this.bars.get(node);
    bar?.left.delete(node);
    if (bar?.left.size === 0) {
      bar.stop();
    }
    return this.bars.delete(node);
  }

  /** Ends them all; returns where they were. */
  clear(): readonly NodeId[] {
    const nodes = [...this.bars.keys()];
    nodes.forEach(node => this.end(node));
    return nodes;
  }

  private readonly bars = new Map<NodeId, Bar>();
}

interface Bar {
  readonly task: TaskRecord;
  /** Nodes of the same end where nothing else has come since. */
  readonly left: Set<NodeId>;
  readonly stop: () => void;
}
