/** One record per task that has not ended, and the last failure at each node. */
import type {
  Failed,
  NodeId,
  ShowProgress,
  Task,
  TaskId,
  TaskState,
  ToPage
} from '../protocol/wire';
import { add } from './store';

/** A task that has not ended. */
export interface TaskRecord {
  readonly id: TaskId;
  readonly state: TaskState;
  readonly nodes: readonly NodeId[];
  readonly showProgress: ShowProgress;
  /** 0-based place in its queue; null once it runs. */
  readonly position: number | null;
  readonly size: number | null;
}

/** What is drawn at a node. */
export interface NodeStatus {
  /** The task that matters most: one that shows before one that hides, a running one before one that waits. */
  readonly task: TaskRecord | null;
  readonly failure: Failed | null;
}

const NOTHING: NodeStatus = { task: null, failure: null };

/** The tasks of a session. */
export class Tasks {
  /** Status of a node; the same object until it changes. */
  status(node: NodeId): NodeStatus {
    return this.statuses.get(node) ?? NOTHING;
  }

  /** Tasks that have not ended, oldest first. */
  all(): readonly TaskRecord[] {
    return [...this.tasks.values()];
  }

  /** Take the tasks of a welcome; those it does not name have ended unseen. */
  replace(tasks: readonly Task[]): void {
    const touched = [...this.tasks.values(), ...tasks].flatMap(task => [...task.nodes]);
    this.tasks.clear();
    tasks.forEach(task => this.tasks.set(task.id, task));
    this.update(touched);
  }

  /** Take a message about a task; others are ignored. */
  apply(message: ToPage): void {
    switch (message.type) {
      case 'queued':
        this.put({ ...message, id: message.task, state: 'queued' });
        break;
      case 'started':
        message.nodes.forEach(node => this.failures.delete(node));
        this.put({ ...message, id: message.task, state: 'running', position: null, size: null });
        break;
      case 'stopping': {
        const task = this.tasks.get(message.task);
        if (task !== undefined) {
          this.put({ ...task, state: 'stopping' });
        }
        break;
      }
      case 'done':
        this.end(message.task, null);
        break;
      case 'failed':
        this.end(message.task, message.code === 'cancelled' ? null : message);
        break;
      case 'welcome':
      case 'patch':
      case 'toast':
      case 'refused':
      case 'closed':
        break;
    }
  }

  /** The person has read a failure. */
  dismiss(node: NodeId): void {
    this.failures.delete(node);
    this.update([node]);
  }

  /** Every task has ended without an answer: the kernel is gone. */
  clear(): void {
    this.replace([]);
  }

  subscribe(node: NodeId, listener: () => void): () => void {
    return add(this.listeners, node, listener);
  }

  /** How many listeners there are. */
  get listening(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  private put(task: TaskRecord): void {
    const before = this.tasks.get(task.id)?.nodes ?? [];
    this.tasks.set(task.id, task);
    this.update([...before, ...task.nodes]);
  }

  private end(id: TaskId, failure: Failed | null): void {
    const task = this.tasks.get(id);
    this.tasks.delete(id);
    const nodes = task?.nodes ?? [];
    if (failure !== null) {
      nodes.forEach(node => this.failures.set(node, failure));
    }
    this.update(nodes);
  }

  private update(nodes: readonly NodeId[]): void {
    for (const node of new Set(nodes)) {
      const here = [...this.tasks.values()].filter(task => task.nodes.includes(node));
      const shown = here.filter(task => task.showProgress !== 'hidden');
      const some = shown.length > 0 ? shown : here;
      const task = some.find(each => each.state !== 'queued') ?? some[0] ?? null;
      const failure = this.failures.get(node) ?? null;
      if (task === null && failure === null) {
        this.statuses.delete(node);
      } else {
        this.statuses.set(node, { task, failure });
      }
      this.listeners.get(node)?.forEach(listener => listener());
    }
  }

  private readonly tasks = new Map<TaskId, TaskRecord>();
  private readonly failures = new Map<NodeId, Failed>();
  private readonly statuses = new Map<NodeId, NodeStatus>();
  private readonly listeners = new Map<NodeId, Set<() => void>>();
}
