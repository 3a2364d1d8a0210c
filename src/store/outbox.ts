/**
 * What the person did, on its way to the kernel: in order, edits conflated per prop, nothing sent twice
 * and nothing forgotten.
 */
import type { Json, NodeId, ToKernel } from '../protocol/wire';
import type { Schedule } from './store';

/** A message without its number. */
export type Unnumbered = ToKernel extends infer M
  ? M extends ToKernel
    ? Omit<M, 'seq'>
    : never
  : never;

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Numbers, conflates, sends and remembers messages to the kernel. */
export class Outbox {
  /**
   * @param transmit - Puts numbered messages on the wire, as one frame.
   * @param schedule - When an edit that had to wait for an answer is sent at the latest.
   * @param endOfTick - When what came after the first frame of a tick is sent.
   */
  constructor(
    private readonly transmit: (messages: readonly ToKernel[]) => void,
    private readonly schedule: Schedule,
    private readonly endOfTick: Schedule = send => queueMicrotask(send)
  ) {}

  /**
   * The person edited props of a node. The first edit after an answer goes at once; further ones are
   * conflated until the kernel has answered or the schedule comes round, so a drag costs what the line bears.
   */
  set(node: NodeId, props: Readonly<Record<string, Json>>): void {
    this.edits.set(node, { ...this.edits.get(node), ...props });
    if (this.unacked.length === 0) {
      this.flush();
    } else if (!this.waiting) {
      this.waiting = true;
      this.schedule(() => {
        this.waiting = false;
        this.flush();
      });
    }
  }

  /**
   * Something happened. Goes at once, after the edits made before it; what follows in the same tick goes
   * together at its end. Returns its number.
   */
  push(message: Unnumbered): number {
    this.send([...this.takeEdits(), message]);
    return this.seq;
  }

  /**
   * Resolves when fewer than `count` messages wait for an answer: the line has room.
   *
   * @throws Error when the session goes before that.
   */
  room(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiters.push({ count, resolve, reject });
      this.letIn();
    });
  }

  /** Send what waits for the end of the tick: what goes another way now must not overtake it. */
  catchUp(): void {
    const held = this.held?.splice(0) ?? [];
    if (held.length > 0) {
      this.deliver(held);
    }
  }

  /** Send the edits that wait. */
  flush(): void {
    const edits = this.takeEdits();
    if (edits.length > 0) {
      this.send(edits);
    }
  }

  /** The kernel has processed all messages up to `seq`. */
  acknowledge(seq: number): void {
    this.unacked = this.unacked.filter(message => message.seq > seq);
    this.letIn();
    if (this.unacked.length === 0) {
      this.flush();
    }
  }

  /**
   * Whether the person has edited a prop since the kernel's message that `acked` came with. The kernel's
   * value is then older than the person's.
   */
  holds(node: NodeId, prop: string, acked: number): boolean {
    if (prop in (this.edits.get(node) ?? {})) {
      return true;
    }
    return this.unacked.some(
      message =>
        message.type === 'set' &&
        message.seq > acked &&
        message.node === node &&
        prop in message.props
    );
  }

  /** Send again what has not been answered: the connection is back. */
  resend(first: readonly Unnumbered[] = []): void {
    const again = this.unacked.filter(message => message.type !== 'hello');
    this.dropHeld();
    // A hello starts the conversation anew; its number must be below those that are sent again.
    const numbered = first.map(message => ({
      ...message,
      seq: again[0] ? again[0].seq - 1 : ++this.seq
    }));
    this.transmit([...(numbered as ToKernel[]), ...again]);
  }

  /** The session is gone: what was on its way has no receiver. */
  clear(): void {
    this.dropHeld();
    this.unacked = [];
    this.edits.clear();
    const waiters = this.waiters;
    this.waiters = [];
    waiters.forEach(waiter => waiter.reject(new Error('The app has no kernel any more.')));
  }

  /** The number of the last message. */
  get last(): number {
    return this.seq;
  }

  /** Whether the kernel has something that it has not acknowledged. */
  get unanswered(): boolean {
    return this.unacked.length > 0;
  }

  get pending(): number {
    return this.unacked.length + this.edits.size;
  }

  private letIn(): void {
    const free = this.waiters.filter(waiter => this.unacked.length < waiter.count);
    this.waiters = this.waiters.filter(waiter => !free.includes(waiter));
    free.forEach(waiter => waiter.resolve());
  }

  private takeEdits(): Unnumbered[] {
    const edits = [...this.edits].map(([node, props]) => ({ type: 'set' as const, node, props }));
    this.edits.clear();
    return edits;
  }

  private send(messages: readonly Unnumbered[]): void {
    const numbered = messages.map(message => ({ ...message, seq: ++this.seq }));
    this.unacked.push(...numbered);
    if (this.held === null) {
      this.held = [];
      // Asked for first: a frame that cannot be sent must not hold all that follow.
      this.endOfTick(() => this.release());
      this.deliver(numbered);
    } else {
      this.held.push(...numbered);
    }
  }

  private release(): void {
    const held = this.held ?? [];
    this.held = null;
    if (held.length > 0) {
      this.deliver(held);
    }
  }

  /**
   * Transmit the last messages there are. One that cannot be sent does not take the others with it.
   *
   * @throws WireError when there is one.
   */
  private deliver(messages: readonly ToKernel[]): void {
    try {
      this.transmit(messages);
      return;
    } catch (error) {
      if (messages.length === 1) {
        this.seq -= 1;
        this.unacked.pop();
        throw error;
      }
    }
    this.seq -= messages.length;
    this.unacked.splice(-messages.length);
    let failed: unknown = null;
    for (const message of messages) {
      const again = { ...message, seq: ++this.seq };
      this.unacked.push(again);
      try {
        this.deliver([again]);
      } catch (error) {
        failed = error;
      }
    }
    throw failed;
  }

  /** What is held goes another way, or nowhere. */
  private dropHeld(): void {
    this.held?.splice(0);
  }

  private seq = 0;
  private unacked: ToKernel[] = [];
  private readonly edits = new Map<NodeId, Record<string, Json>>();
  /**
   * What came after the first frame of this tick, to go as one: to the host every frame is a message with two
   * answers, whatever is in it. null: nothing has been sent in this tick.
   */
  private held: ToKernel[] | null = null;
  private waiters: Waiter[] = [];
  private waiting = false;
}
