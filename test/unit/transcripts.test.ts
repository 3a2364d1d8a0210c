// @vitest-environment node
/** Conversations recorded from the real kernel, told to a page: what it ends with is what the kernel has. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';

import { pack, unpack } from '../../src/protocol/codec';
import { defaults, type Kind } from '../../src/protocol/props';
import {
  BlobReference,
  type Fetch,
  type NodeId,
  type ToKernel,
  type Upload
} from '../../src/protocol/wire';
import { crc32 } from '../../src/store/crc32';
import { CHUNK, SMALLEST } from '../../src/store/lead';
import { Page } from '../../src/store/page';
import { Loopback } from '../../src/transport/loopback';
import { Clock } from './support';

const FOLDER = 'test/wire/transcripts';

/** What is waited for comes at once, on a machine that is busy in seconds. */
const BUSY = { timeout: 60_000 };

interface Frame {
  readonly messages: readonly ToKernel[];
}

interface Line {
  readonly page?: Frame;
  readonly kernel?: Frame;
  readonly lost?: Frame;
  /** As runs of one byte: `61*262144 62*1`. */
  readonly buffers?: readonly string[];
  readonly state?: {
    readonly nodes: object;
    readonly tasks: number;
    /** Of large values, by number: size and CRC-32. */
    readonly files?: Readonly<Record<string, readonly [number, number]>>;
  };
}

const names = existsSync(FOLDER) ? readdirSync(FOLDER).filter(name => name.endsWith('.jsonl')) : [];

test('there are transcripts', () => {
  expect(names.length, `${FOLDER} has none; IPYBLOCKS_RECORD=1 writes them`).toBeGreaterThan(0);
});

describe.each(names)('%s', name => {
  const lines = readFileSync(`${FOLDER}/${name}`, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Line);

  test('ends with the state, and every other line is one of the conversation', () => {
    expect(Object.keys(lines.at(-1) ?? {})).toEqual(['state']);
    lines.slice(0, -1).forEach(line => {
      const [who = '', ...others] = Object.keys(line);
      expect(['page', 'kernel', 'lost']).toContain(who);
      expect(['', 'buffers']).toContain(others.join());
    });
  });

  test('the page ends with what the kernel has', async () => {
    const { page, ids, files } = await replay(lines);
    const nodes = Object.fromEntries(
      [...ids]
        .sort((a, b) => a - b)
        .flatMap(id => {
          const props = sentProps(page, id);
          return Object.keys(props).length === 0 ? [] : [[id, props]];
        })
    );
    const kept = await files.kept();
    expect({ nodes, tasks: page.tasks.all().length, ...kept }).toEqual(lines.at(-1)?.state);
    expect(page.outbox.pending).toBe(0);
  });
});

/** A page that does what the recorded one did and hears what it heard. */
async function replay(
  lines: readonly Line[]
): Promise<{ page: Page; ids: ReadonlySet<NodeId>; files: Files }> {
  const transport = new Loopback();
  const clock = new Clock();
  const page = new Page(transport, {
    schedule: clock.schedule,
    // no time passes on the way, so that pieces grow as they did when it was recorded
    now: () => 0,
    endOfTick: send => send(),
    later: clock.later,
    id: 'P'
  });
  const files = new Files(page, transport, lines);
  const ids = new Set<NodeId>();
  let started = false;
  for (const line of lines) {
    for (const message of line.page?.messages ?? []) {
      if (message.type === 'hello' && !started) {
        started = true;
        page.start(null);
      } else if (!(await files.act(message))) {
        act(page, message);
      }
    }
    if (line.kernel !== undefined) {
      noteNodes(line.kernel, ids);
      transport.deliver(line.kernel, (line.buffers ?? []).map(bytesOf));
      clock.frame();
    }
  }
  return { page, ids, files };
}

/** The files of a conversation. In the page they go on by themselves; what it asks and sends must be the same. */
class Files {
  constructor(
    private readonly page: Page,
    private readonly transport: Loopback,
    private readonly lines: readonly Line[]
  ) {}

  /** Do, or see the page do, what the recorded one did; returns whether it has to do with files. */
  async act(message: ToKernel): Promise<boolean> {
    switch (message.type) {
      case 'upload':
        this.upload(message);
        return true;
      case 'abandon':
        this.takenBack.abort(new Error('taken back'));
        return true;
      case 'piece':
        await vi.waitFor(() => {
          const { upload, offset, crc } = message;
          expect(this.sent('piece')).toContainEqual(
            expect.objectContaining({ upload, offset, crc })
          );
        }, BUSY);
        return true;
      case 'fetch': {
        const size = this.look(message.blob);
        expect(size).toBeGreaterThan(0);
        const wanted = offsetsOf(message).filter(offset => offset < size);
        await vi.waitFor(
          () =>
            expect(this.sent('fetch').flatMap(offsetsOf)).toEqual(expect.arrayContaining(wanted)),
          BUSY
        );
        return true;
      }
      case 'set': // of a file that is whole: the page has been told what stands for it
        await Promise.all(this.uploads);
        return false;
      default:
        return false;
    }
  }

  /** What the page has of large values, as the state says it; nothing where there are none. */
  async kept(): Promise<{ files?: NonNullable<Line['state']>['files'] }> {
    const found = [...this.watched].map(async reference => {
      const { blob } = this.page.files.downloads.state(reference);
      const bytes = new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer());
      return [reference.blob, [bytes.length, crc32(bytes)]] as const;
    });
    return found.length === 0 ? {} : { files: Object.fromEntries(await Promise.all(found)) };
  }

  private upload({ node, upload, name, mimeType: type, size }: Upload): void {
    const bytes = new Uint8Array(size);
    for (const { page, buffers = [] } of this.lines) {
      const [piece] = page?.messages ?? [];
      if (piece?.type === 'piece') {
        bytes.set(bytesOf(buffers[0] ?? ''), piece.offset);
      }
    }
    const sent = this.page.files.uploads.send(
      node,
      new File([bytes], name, { type }),
      () => undefined,
      this.takenBack.signal
    );
    this.uploads.push(
      sent.then(
        reference => expect(reference.upload).toBe(upload),
        () => expect(this.takenBack.signal.aborted).toBe(true)
      )
    );
  }

  /** Returns how many bytes there are. */
  private look(blob: number): number {
    const values = [...noted(this.lines)].flatMap(id =>
      Object.values((this.page.store.node(id)?.props ?? {}) as Record<string, unknown>)
    );
    const reference = values.find(
      (value): value is BlobReference => value instanceof BlobReference && value.blob === blob
    );
    if (reference !== undefined && !this.watched.has(reference)) {
      this.watched.add(reference);
      this.page.files.downloads.watch(reference, () => undefined);
    }
    return reference?.size ?? 0;
  }

  private sent<T extends ToKernel['type']>(type: T): Extract<ToKernel, { type: T }>[] {
    return this.transport.sent
      .flatMap(({ content }) => (content as Frame).messages)
      .filter((each): each is Extract<ToKernel, { type: T }> => each.type === type);
  }

  private readonly takenBack = new AbortController();
  private readonly uploads: Promise<void>[] = [];
  private readonly watched = new Set<BlobReference>();
}

/** All that is asked for, in smallest pieces: a page may ask for the same bytes in larger or smaller ones. */
const offsetsOf = ({ offset, count = 1, size = CHUNK }: Fetch): number[] =>
  Array.from({ length: (count * size) / SMALLEST }, (_, i) => offset + i * SMALLEST);

function bytesOf(runs: string): Uint8Array<ArrayBuffer> {
  const parts = runs.split(' ').map(run => run.split('*'));
  return Uint8Array.from(
    parts.flatMap(([byte = '', times]) => new Array<number>(Number(times)).fill(parseInt(byte, 16)))
  );
}

function noted(lines: readonly Line[]): Set<NodeId> {
  const ids = new Set<NodeId>();
  lines.forEach(({ kernel }) => kernel !== undefined && noteNodes(kernel, ids));
  return ids;
}

/** A later hello is the page's own affair: it follows from what it heard. */
function act(page: Page, message: ToKernel): void {
  switch (message.type) {
    case 'set':
      page.edit(message.node, unpack(message.props, []) as typeof message.props);
      break;
    case 'event':
      page.outbox.push({
        type: 'event',
        node: message.node,
        name: message.name,
        data: message.data ?? null
      });
      break;
    case 'cancel':
      page.cancel(message.task);
      break;
    case 'retry':
      page.tasks.failures.retry(message.task);
      break;
    case 'dismiss':
      page.tasks.failures.dismiss(message.task);
      break;
    case 'upload':
    case 'piece':
    case 'abandon':
    case 'fetch':
      throw new Error('Files replays these.');
    case 'end':
      page.end();
      break;
    case 'submit':
      throw new Error('Clients submit, pages do not; teach this test to replay it.');
    case 'stored':
      page.outbox.push({ type: 'stored', values: message.values });
      break;
    case 'jsResult':
      page.outbox.push({
        type: 'jsResult',
        task: message.task,
        values: message.values,
        error: message.error
      });
      break;
    case 'hello':
      break;
  }
}

function noteNodes(frame: Frame, ids: Set<NodeId>): void {
  for (const message of frame.messages as readonly {
    nodes?: readonly (NodeId | { id: NodeId })[];
  }[]) {
    message.nodes?.forEach(each => ids.add(typeof each === 'object' ? each.id : each));
  }
}

/** Props that differ from the defaults of the kind, as the kernel writes them. */
function sentProps(page: Page, id: NodeId): Record<string, unknown> {
  const node = page.store.node(id);
  const base = (defaults[node?.kind as Kind] ?? {}) as unknown as Record<string, unknown>;
  const differs = ([name, value]: [string, unknown]): boolean =>
    JSON.stringify(value) !== JSON.stringify(base[name]);
  const props = Object.entries(node?.props ?? {}).filter(differs);
  return pack(Object.fromEntries(props), []) as Record<string, unknown>;
}
