// @vitest-environment node
/** Anything at all as a message of the kernel: it is left out, and what follows works. */
import { readdirSync, readFileSync } from 'node:fs';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { decodeFrame, WireError } from '../../src/protocol/codec';
import { TO_PAGE_TYPES } from '../../src/protocol/wire';
import { Bench, EPOCH, frame, PAGE, patch, welcome } from './support';
import fc from './properties';

const RUNS = Number(process.env['IPYBLOCKS_RUNS'] ?? 400);

interface Sent {
  readonly content: unknown;
  readonly buffers: readonly Uint8Array[];
}

const FOLDER = 'test/wire/golden';
const GOLDENS: readonly Sent[] = readdirSync(FOLDER)
  .filter(name => name.endsWith('.json'))
  .map(name => JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as Golden)
  .filter(({ direction }) => direction === 'toPage')
  .map(({ content, buffers }) => ({
    content,
    buffers: buffers.map(hex => new Uint8Array(Buffer.from(hex, 'hex')))
  }));

interface Golden {
  readonly direction: string;
  readonly content: unknown;
  readonly buffers: readonly string[];
}

// --- what is sent ----------------------------------------------------------------------------------

const words = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('__proto__', 'constructor', 'type', 'seq', '\ud800', PAGE, EPOCH)
);
const numbers = fc.oneof(
  fc.integer({ min: -2, max: 40 }),
  fc.constantFrom(1e308, -1e308, 2 ** 53, 0.5),
  fc.constantFrom({ $number: 'NaN' }, { $number: 'Infinity' }, { $int: '9'.repeat(40) })
);
const forms = fc.constantFrom('$buffer', '$number', '$int', '$upload', '$blob', '$$x', '$');
const { junk } = fc.letrec<{ junk: unknown }>(tie => ({
  junk: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    numbers,
    words,
    fc.array(tie('junk'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.oneof(words, forms), tie('junk')), { maxLength: 3 })
      .map(entries => Object.fromEntries(entries) as unknown)
  )
}));
const bytes = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 2 });

/** Everything inside a value that can be replaced: its holder and its key there. */
function places(value: unknown): { holder: Record<string, unknown>; key: string }[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap(key => [{ holder, key }, ...places(holder[key])]);
}

/** How one place of a frame is changed. */
const change = fc.record({
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  how: fc.constantFrom('other', 'gone', 'wrapped', 'number'),
  other: junk,
  number: numbers
});

/** A frame as a kernel would send it, for this page, with some of it changed. */
const mutated: fc.Arbitrary<Sent> = fc
  .record({
    sent: fc.constantFrom(...GOLDENS),
    changes: fc.array(change, { maxLength: 3 }),
    ours: fc.boolean(),
    seq: fc.integer({ min: 0, max: 6 })
  })
  .map(({ sent, changes, ours, seq }) => {
    const content = structuredClone(sent.content) as Record<string, unknown>;
    if (ours) {
      content['epoch'] = EPOCH;
      (content['messages'] as Record<string, unknown>[]).forEach((message, i) => {
        message['seq'] = seq + i;
        message['page'] = PAGE;
      });
    }
    for (const { where, how, other, number } of changes) {
      const all = places(content);
      const place = all[Math.floor(where * all.length)];
      if (place === undefined) {
        break;
      }
      const { holder, key } = place;
      if (how === 'gone') {
        delete holder[key];
      } else {
        holder[key] = how === 'wrapped' ? [holder[key]] : how === 'number' ? number : other;
      }
    }
    return { content, buffers: sent.buffers };
  });

/** A frame of messages that have the right type and nothing else that is right. */
const frames: fc.Arbitrary<Sent> = fc
  .record({
    messages: fc.array(
      fc.record({ type: fc.constantFrom(...TO_PAGE_TYPES), seq: numbers, rest: junk }),
      { maxLength: 3 }
    ),
    acks: fc.dictionary(fc.constantFrom(PAGE, 'other'), numbers),
    last: numbers,
    ask: fc.boolean(),
    buffers: bytes
  })
  .map(({ messages, buffers, ...heading }) => ({
    content: {
      ...heading,
      epoch: EPOCH,
      messages: messages.map(({ rest, ...message }) =>
        typeof rest === 'object' && rest !== null ? { ...rest, ...message } : message
      )
    },
    buffers
  }));

const packets: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({ content: junk, buffers: bytes }),
  frames,
  mutated
);

beforeEach(() => {
  vi.spyOn(console, 'warn').mockReturnValue();
  vi.spyOn(console, 'error').mockReturnValue();
});

afterEach(() => {
  vi.restoreAllMocks();
});

// --- the codec -------------------------------------------------------------------------------------

test('is a frame, or a WireError', () => {
  fc.assert(
    fc.property(packets, ({ content, buffers }) => {
      try {
        const found = decodeFrame(content, buffers);
        const numbered = [found.last, ...found.messages.map(({ seq }) => seq)];
        expect(numbered.filter(each => !Number.isSafeInteger(each))).toEqual([]);
        expect(found.problems.length + found.messages.length).toBeGreaterThanOrEqual(0);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: RUNS }
  );
});

// --- a page ----------------------------------------------------------------------------------------

/** Whether a frame ends the session, as kernels may. */
function ends({ content, buffers }: Sent): boolean {
  try {
    const { messages } = decodeFrame(content, buffers);
    return messages.some(message => message.type === 'closed' || isForeign(message));
  } catch {
    return false;
  }
}

/** A welcome of another protocol, after which nothing may be understood. */
function isForeign(message: { type: string; protocol?: unknown }): boolean {
  return message.type === 'welcome' && message.protocol !== 1;
}

test('does not stop a page, and what follows is right', () => {
  fc.assert(
    fc.property(fc.array(packets, { maxLength: 8 }), sent => {
      fc.pre(!sent.some(ends));
      const bench = new Bench();
      bench.page.start(null);
      bench.deliver([welcome()], 1);
      for (const { content, buffers } of sent) {
        bench.kernel.deliver(content, buffers);
        bench.clock.frame();
      }
      bench.clock.pass(60_000);
      // A session that the page has not heard of: whatever it believed, this is what there is.
      const epoch = 'a new one';
      const last = bench.page.outbox.last;
      bench.kernel.deliver(frame([welcome({ epoch, seq: 7 })], { [PAGE]: last }, epoch));
      bench.kernel.deliver(frame([patch(8, 1, { value: 'right' })], { [PAGE]: last }, epoch));
      expect(bench.value(1)).toBe('right');
      expect(bench.page.status).toEqual({ kind: 'live' });
      expect(bench.page.tasks.all()).toEqual([]);
      bench.sent();
      bench.page.fire(3 as never, 'click');
      expect(bench.sent().map(({ type }) => type)).toContain('event');
      bench.page.close();
      expect(bench.clock.ticking).toBe(0);
    }),
    { numRuns: RUNS }
  );
});
