/** Large values of the kernel: asked for in pieces, a few at a time, and put together. */
import { Binary, type BlobId, type BlobReference, type Fetch, type Part } from '../protocol/wire';
import { Lead, SMALLEST } from './lead';
import { Nudge } from './nudge';
import { Pieces } from './pieces';
import { STALL_MOST_MS, STALL_MS } from './uploads';
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
  readonly pieces: Pieces;
  /** Pieces asked for and not answered, by their offset; each is to be told of its answer. */
  readonly asked: Map<number, { readonly bytes: number; readonly answered: () => void }>;
  readonly listeners: Set<() => void>;
  /** Up to where all has been asked for. */
  next: number;
  state: Download;
}

/** Share by which a value has grown when those who look at it are told. */
const STEP = 0.01;

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
    if (!(chunk instanceof Binary) || chunk.data.length === 0) {
      this.end(transfer, { ...transfer.state, gone: true });
    } else {
      transfer.pieces.add(offset, chunk.data);
      answer(transfer);
      this.move(transfer);
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

  private move(transfer: Transfer): void {
    const { pieces, size, state } = transfer;
    const share = pieces.bytes / size;
    if (share >= 1) {
      this.end(transfer, { share: 1, blob: whole(transfer, pieces.whole()), gone: false });
    } else if (share - state.share >= STEP) {
      transfer.state = { ...state, share };
      transfer.listeners.forEach(listener => listener());
    }
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
    const { pieces, size } = this.lead;
    const room = pieces - Math.ceil(this.onWay / size);
    // Several at once, so that on a line which carries many not every piece is asked for by a message of its own.
    if (this.options.isOpen() && room >= Math.floor(pieces / 2)) {
      this.askFor(room);
    }
    this.listen();
  }

  /** Bytes asked for and not answered. */
  private get onWay(): number {
    const asked = [...this.transfers.values()].flatMap(each => [...each.asked.values()]);
    return asked.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Ask for so many pieces: of every value as many, and in turns. */
  private askFor(room: number): void {
    let [due, left] = [this.due(), room];
    const share = Math.ceil(room / due.length);
    for (; due.length > 0 && left > 0; due = this.due()) {
      const next = due.find(({ blob }) => blob > this.turn) ?? due[0];
      if (next !== undefined) {
        this.turn = next.blob;
        left -= this.ask(next, Math.min(share, left));
      }
    }
  }

  private due(): Transfer[] {
    return [...this.transfers.values()].filter(needsMore);
  }

  /** Ask for at most so many pieces that follow one another; returns for how many. */
  private ask(transfer: Transfer, most: number): number {
    const { blob, asked, next: offset } = transfer;
    const { size } = this.lead;
    let count = 0;
    do {
      const bytes = Math.min(size, transfer.size - transfer.next);
      asked.set(transfer.next, { bytes, answered: this.lead.sent(bytes) });
      transfer.next += size;
      count += 1;
    } while (count < most && isMissing(transfer));
    this.options.send({ type: 'fetch', blob, offset, size, ...(count > 1 ? { count } : {}) });
    return count;
  }

  /** Questions and pieces travel beside the count, so that one is lost shows in a silence only. */
  private listen(): void {
    if (this.transfers.size > 0 && !this.over) {
      this.nudge.arm(this.lead.patience);
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
    pieces: new Pieces(reference.size),
    asked: new Map(),
    listeners: new Set(),
    next: 0,
    state: NOTHING
  };
}

/** What came may answer several questions, or only a part of one: it may be late, and asked for in other sizes since. */
function answer({ asked, pieces }: Transfer): void {
  for (const [offset, { bytes, answered }] of asked) {
    if (pieces.has(offset, bytes)) {
      asked.delete(offset);
      answered();
    }
  }
}

/** Passes over what is there, after a question was asked again. */
function needsMore(transfer: Transfer): boolean {
  while (transfer.next < transfer.size && !isMissing(transfer)) {
    transfer.next += SMALLEST;
  }
  return transfer.next < transfer.size;
}

/** The next piece is one that has not come. What was asked for lies before it. */
function isMissing({ next, size, pieces }: Transfer): boolean {
  return next < size && !pieces.has(next);
}

function whole({ references }: Transfer, parts: Blob[]): Blob {
  const [{ mimeType: type, name } = { mimeType: '', name: null }] = references;
  return name === null ? new Blob(parts, { type }) : new File(parts, name, { type });
}
