/** One component of its own, drawn inside a live page. */
import { act, cleanup, configure, render, type RenderResult } from '@testing-library/react';
import { afterEach } from 'vitest';

import type { Services } from '../../src/components/component';
import { App } from '../../src/host/App';
import { NodeView } from '../../src/host/NodeView';
import type { Json, ToKernel } from '../../src/protocol/wire';
import { PageContext } from '../../src/store/hooks';
import { livePage, node, patch, type Bench } from './support';

type Changes = Readonly<Record<string, Json>>;

export interface Drawn extends RenderResult {
  readonly bench: Bench;
  /** New props from the kernel, all edits so far being known to it. */
  readonly patch: (props: Changes) => Promise<void>;
  readonly deliver: (message: object) => Promise<void>;
  /** Names of the events sent since the last call. */
  readonly events: () => string[];
  /** Messages sent since the last call. */
  readonly sent: () => ToKernel[];
}

// The library does so by itself only where test functions are globals.
afterEach(cleanup);

// What is waited for comes at once, on a machine that is busy in seconds.
configure({ asyncUtilTimeout: 60_000 });

const NO_SERVICES = { renderMarkdown: () => Promise.resolve() } as unknown as Services;

/** Draw a component as node 1; `events` are listened to. */
export function draw(
  kind: string,
  props: Changes = {},
  events: readonly string[] = [],
  services: Services = NO_SERVICES
): Drawn {
  const bench = livePage({
    nodes: [
      { id: 0, kind: 'blocks', props: {}, children: [1] },
      { id: 1, kind, props, events }
    ]
  });
  const view = render(<App page={bench.page} services={services} />);
  let seq = 0;
  const deliver = (message: object): Promise<void> =>
    act(async () => {
      bench.deliver([{ ...message, seq: ++seq }], 1_000_000);
      bench.clock.frame();
      await Promise.resolve();
    });
  const sent = (): ToKernel[] => bench.sent();
  return {
    ...view,
    bench,
    deliver,
    patch: changes => deliver(patch(0, 1, changes)),
    sent,
    events: () => sent().flatMap(message => (message.type === 'event' ? [message.name] : []))
  };
}

/** Draw a component alone, as node 1, without the app around it. */
export function show(kind: string, props: object, events: readonly string[] = []): Bench {
  const bench = livePage({ nodes: [{ id: node(1), kind, props, events }] });
  render(
    <PageContext.Provider value={bench.page}>
      <NodeView id={node(1)} />
    </PageContext.Provider>
  );
  return bench;
}
