/** Large values of the kernel: asked for in pieces, a few at a time, and put together. */
import { Binary, type BlobId, type BlobReference, type Fetch, type Part } from '../protocol/wire';
import { Lead } from './lead';
import { Nudge } from './nudge';
import { CHUNK, STALL_MOST_MS, STALL_MS } from './uploads';
import type { Later } from './runouts';

/** How far a value is. The same object until it changes. */
export interface Download {
  /** 0 to 1. */
  readonly share: number;
  /** The bytes; null until all are there. */
  readonly blob: Blob | null;
  /** The kernel has them no more: the value is another, or the session has ended. */
  readonly gone: boolean;
}

/** A question without its number, which is 0. */
export type FetchMessage = Omit<Fetch, 'seq'>;

/** What the downloads need of the page. */
export interface DownloadsOptions {
  /** Sends a message beside the count. */
  readonly send: (message: FetchMessage) => void;
  /** Whether what is sent travels. */
  readonly isOpen: () => boolean;
  readonly later: Later;
  /** The page's clock, in milliseconds. */
  readonly now: () => number;
}

interface Transfer {
  /** All that stand for these bytes; the same but for their identity. */
  readonly references: Set<BlobReference>;
  readonly blob: BlobId;
  readonly size: number;
  /** As blobs, which the browser need not keep in the page's memory. */
  readonly parts: Map<number, Blob>;
  /** Offsets asked for and not answered; each is to be told of its answer. */
  readonly asked: Map<number, () => void>;
  readonly listeners: Set<() => void>;
  /** Up to where all has been asked for. */
  next: number;
  bytes: number;
  state: Download;
}

const NOTHING: Download = { share: 0, blob: null, gone: false };
const GONE: Download = { ...NOTHING, gone: true };

/** Fetches what somebody looks at. */
export class Downloads {
  constructor(private readonly options: DownloadsOptions) {
    this.lead = new Lead(options.now);
    this.nudge = new Nudge(options.later, () => this.resume(), STALL_MS, STALL_MOST_MS);
  }

  /** How far a value is; nothing of it is there before somebody {@link watch}es it. */
  state(reference: BlobReference): Download {
    const known = this.whole.get(reference);
    return known ?? (this.over ? GONE : (this.transfers.get(reference.blob)?.state ?? NOTHING));
  }

  /**
   * Fetch a value, and be told how far it is. Returns how to stop; what nobody watches any more is fetched
   * no further.
   */
  watch(reference: BlobReference, listener: () => void): () => void {
    if (this.whole.has(reference)) {
      return () => undefined;
    }
    const { blob } = reference;
    const transfer = this.transfers.get(blob) ?? begun(reference);
    this.transfers.set(blob, transfer);
    transfer.references.add(reference);
    transfer.listeners.add(listener);
    this.pump();
    return () => {
      transfer.listeners.delete(listener);
      if (transfer.listeners.size === 0 && this.transfers.get(blob) === transfer) {
        this.transfers.delete(blob);
        if (this.transfers.size === 0) {
          this.nudge.rest();
        }
        this.pump();
      }
    };
  }

  /** A piece has come. */
  take({ blob, offset, chunk }: Omit<Part, 'seq'>): void {
    const transfer = this.transfers.get(blob);
    if (transfer === undefined) {
      return; // nobody looks any more
    }
    this.nudge.rest();
    transfer.asked.get(offset)?.();
    transfer.asked.delete(offset);
    if (!(chunk instanceof Binary) || chunk.data.length === 0) {
      this.end(transfer, { ...transfer.state, gone: true });
    } else if (!transfer.parts.has(offset)) {
      this.add(transfer, offset, chunk.data);
    }
    this.pump();
  }

  /** The connection is back: ask again for what was on its way. */
  resume(): void {
    const wasOver = this.over;
    this.over = false;
    this.lead.lost();
    for (const transfer of this.transfers.values()) {
      transfer.asked.clear();
      transfer.next = 0;
      if (wasOver) {
        transfer.listeners.forEach(listener => listener());
      }
    }
    this.pump();
  }

  /** The session is gone, and with it what has not come, and what somebody looks at only now. */
  clear(): void {
    this.over = true;
    for (const transfer of [...this.transfers.values()]) {
      this.end(transfer, { ...transfer.state, gone: true });
    }
  }

  /** How many values are on their way. */
  get size(): number {
    return this.transfers.size;
  }

  private add(transfer: Transfer, offset: number, data: Uint8Array<ArrayBuffer>): void {
    const { parts, size } = transfer;
    parts.set(offset, new Blob([data]));
    transfer.bytes += data.length;
    if (transfer.bytes < size) {
      transfer.state = { ...transfer.state, share: transfer.bytes / size };
      transfer.listeners.forEach(listener => listener());
      return;
    }
    const sorted = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    this.end(transfer, { share: 1, blob: whole(transfer, sorted), gone: false });
  }

  private end(transfer: Transfer, state: Download): void {
    transfer.state = state;
    this.transfers.delete(transfer.blob);
    // As long as the value is current somebody has the reference, and may look again.
    transfer.references.forEach(reference => this.whole.set(reference, state));
    if (this.transfers.size === 0) {
      this.nudge.rest();
    }
    transfer.listeners.forEach(listener => listener());
  }

  private pump(): void {
    if (this.options.isOpen()) {
      for (let next = this.next(); next !== null; next = this.next()) {
        this.ask(next);
      }
    }
    this.listen();
  }

  /** The value whose turn it is; null when there is no room, or all has been asked for. */
  private next(): Transfer | null {
    const all = [...this.transfers.values()];
    const onWay = all.reduce((sum, { asked }) => sum + asked.size, 0);
    const due = onWay < this.lead.pieces ? all.filter(needsMore) : [];
    const next = due.find(({ blob }) => blob > this.turn) ?? due[0] ?? null;
    this.turn = next?.blob ?? this.turn;
    return next;
  }

  private ask(transfer: Transfer): void {
    const offset = transfer.next;
    transfer.next += CHUNK;
    transfer.asked.set(offset, this.lead.sent());
    this.options.send({ type: 'fetch', blob: transfer.blob, offset });
  }

  /** Questions and pieces travel beside the count, so that one is lost shows in a silence only. */
  private listen(): void {
    if (this.transfers.size > 0 && !this.over) {
      this.nudge.arm();
    }
  }

  private over = false;
  private readonly lead: Lead;
  private readonly nudge: Nudge;
  private readonly transfers = new Map<BlobId, Transfer>();
  private readonly whole = new WeakMap<BlobReference, Download>();
  /** The value that was asked for last. */
  private turn = 0;
}

function begun(reference: BlobReference): Transfer {
  return {
    references: new Set(),
    blob: reference.blob,
    size: reference.size,
    parts: new Map(),
    asked: new Map(),
    listeners: new Set(),
    next: 0,
    bytes: 0,
    state: NOTHING
  };
}

/** Passes over what is there, after a question was asked again. */
function needsMore(transfer: Transfer): boolean {
  while (transfer.parts.has(transfer.next) || transfer.asked.has(transfer.next)) {
    transfer.next += CHUNK;
  }
  return transfer.next < transfer.size;
}

function whole({ references }: Transfer, parts: Blob[]): Blob {
  const [{ mimeType: type, name } = { mimeType: '', name: null }] = references;
  return name === null ? new Blob(parts, { type }) : new File(parts, name, { type });
}
