/** What has failed and is told at its outputs, and what of that the person wants to try again. */
import type { Failed, Failure, FailureCode, NodeId, TaskId } from '../protocol/wire';

/** What a node tells. */
export interface Told {
  readonly failure: Failure | null;
  /** Of the failure's nodes the first that is seen: it tells all, the others that there is something. */
  readonly isFirst: boolean;
  /** The person has asked to try again, and the kernel has not answered. */
  readonly isRetried: boolean;
}

/** Sends the kernel what the person wants; returns the number of the message. */
export type Ask = (message: {
  readonly type: 'retry' | 'dismiss';
  readonly task: TaskId;
}) => number;

/** Ends that say nothing at the outputs, unless they can be tried again. */
const TOLD_OTHERWISE: ReadonlySet<FailureCode> = new Set<FailureCode>(['cancelled', 'user']);

const NOTHING: Told = { failure: null, isFirst: false, isRetried: false };

/** The failures of a session. */
export class Failures {
  /**
   * @param changed - Called with nodes that tell something else.
   * @param ask - Sends a message to the kernel; returns its number.
   */
  constructor(
    private readonly changed: (nodes: readonly NodeId[]) => void,
    private readonly ask: Ask
  ) {}

  at(node: NodeId): Told {
    const failure = this.byNode.get(node);
    if (failure === undefined) {
      return NOTHING;
    }
    const isRetried = this.retried.has(failure.task);
    return { failure, isFirst: this.first(failure) === node, isRetried };
  }

  /** Take those of a welcome; others have gone unseen. */
  replace(failures: readonly Failure[]): void {
    const before = [...this.byNode.keys()];
    this.byNode.clear();
    failures.forEach(each => this.put(each));
    this.changed([...before, ...this.byNode.keys()]);
  }

  /** A task has ended otherwise than well. A node tells the last one. */
  add(
    { task, code, message, detail, retry }: Failed,
    name: string,
    nodes: readonly NodeId[]
  ): void {
    if (retry === true || !TOLD_OTHERWISE.has(code)) {
      const again = retry === undefined ? {} : { retry };
      this.put({ task, name, nodes, code, message, detail, ...again });
      this.changed(nodes);
    }
  }

  /** A task has begun at nodes: what failed there before is past, at all of its nodes. */
  began(nodes: readonly NodeId[]): void {
    const past = new Set(nodes.map(node => this.byNode.get(node)?.task));
    this.drop(failure => past.has(failure.task));
  }

  /** Nodes are gone, or the person has read what they tell. */
  leave(nodes: readonly NodeId[]): void {
    const left = nodes.map(node => this.byNode.get(node)).filter(each => each !== undefined);
    nodes.forEach(node => this.byNode.delete(node));
    this.changed([...nodes, ...left.flatMap(each => each.nodes)]);
  }

  /** The person has read why a task failed: it is told no longer at any of its outputs. */
  dismiss(task: TaskId): void {
    this.drop(failure => failure.task === task);
    this.ask({ type: 'dismiss', task });
  }

  /** Do once more what a task has failed to do; again, before the kernel has answered, nothing. */
  retry(task: TaskId): void {
    const nodes = this.nodesOf(task);
    if (nodes.length === 0 || this.retried.has(task)) {
      return;
    }
    this.retried.set(task, Infinity);
    this.changed(nodes);
    this.retried.set(task, this.ask({ type: 'retry', task }));
    // Where nothing is between the two ends, the answer is there already.
    this.acknowledge(this.acked);
  }

  /** The kernel has processed all messages up to `seq`: what it has to say of them, it says itself. */
  acknowledge(seq: number): void {
    this.acked = Math.max(this.acked, seq);
    for (const [task, at] of this.retried) {
      if (at <= this.acked) {
        this.retried.delete(task);
        this.drop(failure => failure.task === task);
      }
    }
  }

  /** Nobody is there to try again what the person has asked for. */
  forget(): void {
    const nodes = [...this.retried.keys()].flatMap(task => this.nodesOf(task));
    this.retried.clear();
    this.changed(nodes);
  }

  /** A view draws the status of a node, in sight of the person. Returns how to stop. */
  show(node: NodeId): () => void {
    this.count(node, 1);
    return () => this.count(node, -1);
  }

  private count(node: NodeId, more: number): void {
    const failure = this.byNode.get(node);
    const before = failure === undefined ? undefined : this.first(failure);
    const views = (this.views.get(node) ?? 0) + more;
    if (views > 0) {
      this.views.set(node, views);
    } else {
      this.views.delete(node);
    }
    const after = failure === undefined ? undefined : this.first(failure);
    if (before !== after) {
      this.changed([before, after].filter(each => each !== undefined));
    }
  }

  private first(failure: Failure): NodeId | undefined {
    return failure.nodes.find(node => this.views.has(node) && this.byNode.get(node) === failure);
  }

  private put(failure: Failure): void {
    const others = failure.nodes.map(node => this.byNode.get(node));
    failure.nodes.forEach(node => this.byNode.set(node, failure));
    // Another of its nodes may be the first now.
    this.changed(others.flatMap(other => other?.nodes ?? []));
  }

  private nodesOf(task: TaskId): NodeId[] {
    return [...this.byNode].filter(([, failure]) => failure.task === task).map(([node]) => node);
  }

  private drop(isPast: (failure: Failure) => boolean): void {
    const nodes = [...this.byNode].filter(([, each]) => isPast(each)).map(([node]) => node);
    nodes.forEach(node => this.byNode.delete(node));
    this.changed(nodes);
  }

  private readonly byNode = new Map<NodeId, Failure>();
  /** Tasks to try again, by the number of the message that says so. */
  private readonly retried = new Map<TaskId, number>();
  private acked = 0;
  /** How many views draw the status of a node. */
  private readonly views = new Map<NodeId, number>();
}
