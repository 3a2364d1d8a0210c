// @vitest-environment node
/** Conversations recorded from the real kernel, told to a page: what it ends with is what the kernel has. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { defaults, type Kind } from '../../src/protocol/props';
import type { NodeId, ToKernel } from '../../src/protocol/wire';
import { Page } from '../../src/store/page';
import { Loopback } from '../../src/transport/loopback';
import { Clock } from './support';

const FOLDER = 'test/wire/transcripts';

interface Frame {
  readonly messages: readonly ToKernel[];
}

interface Line {
  readonly page?: Frame;
  readonly kernel?: Frame;
  readonly lost?: Frame;
  readonly state?: { readonly nodes: object; readonly tasks: number };
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
      expect(['page', 'kernel', 'lost']).toContain(Object.keys(line).join());
    });
  });

  test('the page ends with what the kernel has', () => {
    const { page, ids } = replay(lines);
    const nodes = Object.fromEntries(
      [...ids]
        .sort((a, b) => a - b)
        .flatMap(id => {
          const props = sentProps(page, id);
          return Object.keys(props).length === 0 ? [] : [[id, props]];
        })
    );
    expect({ nodes, tasks: page.tasks.all().length }).toEqual(lines.at(-1)?.state);
    expect(page.outbox.pending).toBe(0);
  });
});

/** A page that does what the recorded one did and hears what it heard. */
function replay(lines: readonly Line[]): { page: Page; ids: ReadonlySet<NodeId> } {
  const transport = new Loopback();
  const clock = new Clock();
  const page = new Page(transport, {
    schedule: clock.schedule,
    endOfTick: send => send(),
    id: 'P'
  });
  const ids = new Set<NodeId>();
  let started = false;
  for (const line of lines) {
    for (const message of line.page?.messages ?? []) {
      if (message.type === 'hello' && !started) {
        started = true;
        page.start(null);
      } else {
        act(page, message);
      }
    }
    if (line.kernel !== undefined) {
      noteNodes(line.kernel, ids);
      transport.deliver(line.kernel);
      clock.frame();
    }
  }
  return { page, ids };
}

/** A later hello is the page's own affair: it follows from what it heard. */
function act(page: Page, message: ToKernel): void {
  switch (message.type) {
    case 'set':
      page.edit(message.node, message.props);
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
    case 'upload':
    case 'piece':
    case 'abandon':
    case 'fetch':
      throw new Error('No transcript has files; teach this test to replay them.');
    case 'end':
      page.end();
      break;
    case 'submit':
      throw new Error('Clients submit, pages do not; teach this test to replay it.');
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
  return Object.fromEntries(Object.entries(node?.props ?? {}).filter(differs));
}
