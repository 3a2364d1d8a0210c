/** One record per task that has not ended, and what each node tells of them and of those that failed. */
import type {
  Done,
  Failed,
  Failure,
  Fake,
  NodeId,
  Progress,
  ProgressUnit,
  Queued,
  ShowProgress,
  Started,
  Stopping,
  Task,
  TaskId,
  TaskState
} from '../protocol/wire';
import { Failures, type Ask, type Told } from './failures';
import { hasShare } from './progress';
import { isCalm, later, RunOuts, type Later } from './runouts';
import { add } from './store';

/** A task that has not ended. */
export interface TaskRecord {
  readonly id: TaskId;
  /** Its function. */
  readonly name: string;
  readonly state: TaskState;
  readonly nodes: readonly NodeId[];
  readonly showProgress: ShowProgress;
  /** 0-based place in its queue; null once it runs. */
  readonly position: number | null;
  readonly size: number | null;
  /** Seconds: to the result while it waits, of earlier runs while it runs; null: not known. */
  readonly eta: number | null;
  /** When it was queued, or started, by the page's clock in milliseconds. */
  readonly since: number;
  /** When the page, or the kernel, first knew of it, by the page's clock in milliseconds. */
  readonly begun: number;
  /** When the kernel last said something about it, by the page's clock in milliseconds. */
  readonly reportedAt: number;
  readonly units: readonly ProgressUnit[];
  readonly fake: Fake | null;
}

/** A message about one task. */
export type TaskMessage = Queued | Started | Progress | Stopping | Done | Failed;

/** What is drawn at a node. */
export interface NodeStatus extends Told {
  /** The task that matters most: one that shows before one that hides, a running one before one that waits. */
  readonly task: TaskRecord | null;
  /** The task runs, and a value of it has come already: more will follow. */
  readonly generating: boolean;
  /** No task is here, and this one has just ended well: its bar runs to the end. */
  readonly complete: TaskRecord | null;
}

/** What the tasks need of the world around them. */
export interface TasksOptions {
  /** The default is the host's own timer. */
  readonly later?: Later;
  /** Whether the person wants no motion; the default is what the browser says. */
  readonly isCalm?: () => boolean;
  /** Tells the kernel what to try again; without it nobody is told. */
  readonly ask?: Ask;
}

/** Milliseconds after which a bar is seen; the delay of `ib-appear` in `status.css`. */
const APPEARS_MS = 200;

const NOTHING: NodeStatus = {
  task: null,
  failure: null,
  isFirst: false,
  isRetried: false,
  generating: false,
  complete: null
};

/** The tasks of a session. */
export class Tasks {
  readonly failures: Failures;

  /**
   * @param now - The page's clock, in milliseconds.
   */
  constructor(
    readonly now: () => number,
    options: TasksOptions = {}
  ) {
    this.failures = new Failures(nodes => this.refresh(nodes), options.ask ?? (() => 0));
    this.runOuts = new RunOuts(options.later ?? later);
    this.isCalm = options.isCalm ?? isCalm;
  }

  /** Status of a node; the same object until it changes. */
  status(node: NodeId): NodeStatus {
    return this.statuses.get(node) ?? NOTHING;
  }

  /** Tasks that have not ended, oldest first. */
  all(): readonly TaskRecord[] {
    return (this.list ??= [...this.tasks.values()]);
  }

  /** Take what a welcome tells; tasks that it does not name have ended unseen. */
  replace(tasks: readonly Task[], failures: readonly Failure[]): void {
    const touched = [...this.tasks.values(), ...tasks].flatMap(task => [...task.nodes]);
    this.tasks.clear();
    tasks.forEach(task => this.tasks.set(task.id, this.record(task)));
    this.failures.replace(failures);
    this.update(touched);
  }

  /** Take a message about a task. Of one that is not known, only a beginning says anything. */
  apply(message: TaskMessage): void {
    switch (message.type) {
      case 'queued':
        this.queued(message);
        break;
      case 'started':
        message.nodes.forEach(node => this.generating.delete(node));
        this.failures.began(message.nodes);
        this.started(message);
        break;
      case 'progress': {
        const { task, units, fake } = message;
        this.alter(task, { units, fake, reportedAt: this.now() });
        break;
      }
      case 'stopping':
        this.alter(message.task, { state: 'stopping' });
        break;
      case 'done':
        this.done(message.task);
        break;
      case 'failed':
        this.end(message.task, message);
        break;
    }
  }

  /** New values have come at nodes. */
  received(nodes: readonly NodeId[]): void {
    const fresh = nodes.filter(node => {
      const { task, generating } = this.status(node);
      return task?.state === 'running' && !generating;
    });
    fresh.forEach(node => this.generating.add(node));
    this.refresh(fresh);
  }

  /** Nodes are gone. */
  leave(nodes: readonly NodeId[]): void {
    nodes.forEach(node => this.runOuts.end(node));
    this.failures.leave(nodes);
  }

  /** Every task has ended without an answer: the kernel is gone. */
  clear(): void {
    const nodes = [...this.tasks.values()].flatMap(task => [...task.nodes]);
    this.tasks.clear();
    this.failures.forget();
    this.update(nodes);
    this.rest();
  }

  /** Let the bars that run out go at once: nothing is to happen later. */
  rest(): void {
    this.refresh(this.runOuts.clear());
  }

  subscribe(node: NodeId, listener: () => void): () => void {
    return add(this.listeners, node, listener);
  }

  /** How many listeners there are. */
  get listening(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  /** Be told when any task begins, changes or ends. */
  subscribeAll(listener: () => void): () => void {
    this.allListeners.add(listener);
    return () => this.allListeners.delete(listener);
  }

  private record(task: Task): TaskRecord {
    const now = this.now();
    const { elapsed, ...fields } = task;
    const since = now - elapsed * 1000;
    return { ...fields, since, begun: since, reportedAt: now };
  }

  private queued(message: Queued): void {
    const now = this.now();
    const { since = now, begun = now } = this.tasks.get(message.task) ?? {};
    const { task: id, name, nodes, showProgress, position, size, eta } = message;
    const common = { id, name, nodes, showProgress, position, size, eta, since, begun };
    this.put({ ...common, state: 'queued', reportedAt: now, units: [], fake: null });
  }

  private started(message: Started): void {
    const now = this.now();
    const { begun = now } = this.tasks.get(message.task) ?? {};
    const { task: id, name, nodes, showProgress, eta } = message;
    const common = { id, name, nodes, showProgress, eta, begun, position: null, size: null };
    this.put({ ...common, state: 'running', since: now, reportedAt: now, units: [], fake: null });
  }

  private alter(id: TaskId, fields: Partial<TaskRecord>): void {
    const task = this.tasks.get(id);
    if (task !== undefined) {
      this.put({ ...task, ...fields });
    }
  }

  private put(task: TaskRecord): void {
    const before = this.tasks.get(task.id)?.nodes ?? [];
    this.tasks.set(task.id, task);
    this.update([...before, ...task.nodes]);
  }

  private done(id: TaskId): void {
    const task = this.tasks.get(id);
    const now = this.now();
    if (task !== undefined && hasShare(task, now) && !this.isCalm()) {
      const seen = task.nodes.filter(
        node => this.status(node).task === task && now - (this.since.get(node) ?? now) >= APPEARS_MS
      );
      this.runOuts.begin(task, seen, gone => this.refresh(gone));
    }
    this.end(id, null);
  }

  private end(id: TaskId, failure: Failed | null): void {
    const task = this.tasks.get(id);
    this.tasks.delete(id);
    const nodes = task?.nodes ?? [];
    if (failure !== null && task !== undefined) {
      this.failures.add(failure, task.name, nodes);
    }
    this.update(nodes);
  }

  private update(nodes: readonly NodeId[]): void {
    this.list = null;
    this.allListeners.forEach(listener => listener());
    this.refresh(nodes);
  }

  private refresh(nodes: readonly NodeId[]): void {
    for (const node of new Set(nodes)) {
      const status = this.statusNow(node);
      if (isSame(status, this.status(node))) {
        continue;
      }
      if (status === NOTHING) {
        this.statuses.delete(node);
      } else {
        this.statuses.set(node, status);
      }
      this.listeners.get(node)?.forEach(listener => listener());
    }
  }

  private statusNow(node: NodeId): NodeStatus {
    const here = [...this.tasks.values()].filter(task => task.nodes.includes(node));
    const shown = here.filter(task => task.showProgress !== 'hidden');
    const some = shown.length > 0 ? shown : here;
    const task = some.find(each => each.state !== 'queued') ?? some[0] ?? null;
    if (task === null || task.state === 'queued') {
      this.generating.delete(node);
    }
    if (task === null) {
      this.since.delete(node);
    } else {
      this.since.set(node, this.since.get(node) ?? this.now());
      this.runOuts.end(node);
    }
    const told = this.failures.at(node);
    const generating = this.generating.has(node);
    const complete = this.runOuts.at(node);
    return task === null && told.failure === null && complete === null
      ? NOTHING
      : { task, ...told, generating, complete };
  }

  private list: readonly TaskRecord[] | null = null;
  private readonly allListeners = new Set<() => void>();
  private readonly tasks = new Map<TaskId, TaskRecord>();
  /** Nodes at which a value has come since their task began to run. */
  private readonly generating = new Set<NodeId>();
  /** When the page began to show a task at a node, by its clock; the next task goes on in its place. */
  private readonly since = new Map<NodeId, number>();
  private readonly runOuts: RunOuts;
  private readonly isCalm: () => boolean;
  private readonly statuses = new Map<NodeId, NodeStatus>();
  private readonly listeners = new Map<NodeId, Set<() => void>>();
}

function isSame(a: NodeStatus, b: NodeStatus): boolean {
  return (Object.keys(NOTHING) as (keyof NodeStatus)[]).every(key => a[key] === b[key]);
}
