/** Reads an app that a notebook has kept, which anybody may have written. */
import { decodeFrame, pack, WireError, type Packet } from '../protocol/codec';
import { Binary, PROTOCOL, type Json, type Welcome } from '../protocol/wire';

/** The form of this file and of `ipyblocks/runtime/saved.py`. */
export const SAVED_VERSION = 1;

/** Most nodes, levels, and values in all, of an app that is drawn unseen. */
const MOST_NODES = 5000;
const MOST_LEVELS = 100;
const MOST_VALUES = 100_000;

/** What an output holds. */
export interface SavedApp {
  readonly commId: string;
  readonly control: boolean;
  /** What can be drawn; null when there is nothing, or nothing that is safe to draw. */
  readonly packet: Packet | null;
  /** Why there is nothing to draw; null when there is something. */
  readonly problem: string | null;
}

/** Read what an output holds. Never throws. */
export function readSaved(data: unknown): SavedApp {
  const { version, commId, control, snapshot } = (data ?? {}) as Record<string, unknown>;
  const base = {
    commId: typeof commId === 'string' ? commId : '',
    control: control === true,
    packet: null
  };
  if (version !== SAVED_VERSION || base.commId === '') {
    return { ...base, problem: 'What the notebook holds of this app is of another version.' };
  }
  if (snapshot === null || snapshot === undefined) {
    return { ...base, problem: 'The notebook holds no values of this app.' };
  }
  try {
    return { ...base, packet: packetOf(snapshot as Record<string, unknown>), problem: null };
  } catch (error) {
    console.warn('ipyblocks: a saved app was left out:', error);
    return { ...base, problem: 'What the notebook holds of this app cannot be read.' };
  }
}

function packetOf({ content, buffers }: Record<string, unknown>): Packet {
  const read = { content, buffers: (buffers as string[]).map(bytesOf) };
  // Written again, because a frame may say more than what it shows.
  return packed({ ...welcomeOf(read), tasks: [], log: [], failures: [] });
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), c => c.charCodeAt(0));
}

/** The one message of a snapshot, when it is one and has the shape of an app. */
function welcomeOf(packet: Packet): Welcome {
  const { messages, problems } = decodeFrame(packet.content, packet.buffers);
  const [welcome] = messages;
  if (problems[0] !== undefined || welcome?.type !== 'welcome' || messages.length !== 1) {
    throw new WireError(problems[0] ?? 'A snapshot is one welcome.');
  }
  if (welcome.protocol !== PROTOCOL) {
    throw new WireError(`The snapshot is of protocol ${welcome.protocol}.`);
  }
  checkTree(welcome);
  return welcome;
}

/** A cycle or a tree without end would hang the page that draws it. */
function checkTree({ nodes }: Welcome): void {
  const children = new Map(nodes.map(node => [node.id, node.children ?? []]));
  const root = nodes[0]?.id;
  if (root === undefined || nodes.length > MOST_NODES || children.size !== nodes.length) {
    throw new WireError(`${nodes.length} nodes, or two of one number.`);
  }
  const met = new Set([root]);
  let level = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    const next = level.flatMap(id => children.get(id) ?? []);
    // Before the next level: it would double with every one.
    next.forEach(id => {
      if (met.has(id) || depth >= MOST_LEVELS) {
        throw new WireError('The nodes are no tree, or one that is too deep.');
      }
      met.add(id);
    });
    level = next;
  }
  const values = countValues(nodes.map(node => node.props as Json));
  if (values > MOST_VALUES) {
    throw new WireError(`${values} values are too many.`);
  }
}

function countValues(value: Json): number {
  if (typeof value !== 'object' || value === null || value instanceof Binary) {
    return 1;
  }
  return Object.values(value).reduce((sum: number, each) => sum + countValues(each as Json), 1);
}

/**
 * A snapshot with nothing in it that is more than values: no code, no style, no names that the notebook
 * around might know. For apps that nobody vouches for.
 */
export function harmless(packet: Packet): Packet {
  const welcome = welcomeOf(packet);
  const app = { ...welcome.app, css: null, js: null, head: null, tokens: null };
  const nodes = welcome.nodes.map(({ events: _events, ...node }) => ({
    ...node,
    props: Object.fromEntries(
      Object.entries(node.props).filter(([name]) => !/^elem(Id|Classes)$/.test(name))
    )
  }));
  return packed({ ...welcome, app, nodes });
}

function packed(welcome: Welcome): Packet {
  const buffers: ArrayBufferView[] = [];
  return { content: frameOf(welcome, buffers), buffers };
}

/** The frame around a welcome. */
export function frameOf(welcome: Welcome, buffers: ArrayBufferView[]): object {
  const { epoch, seq } = welcome;
  // Field names never start with `$`, so packing the whole is packing the values.
  return { epoch, acks: {}, last: seq, messages: [pack(welcome as unknown as Json, buffers, 2)] };
}
