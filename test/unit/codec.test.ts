// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import { inspect, isDeepStrictEqual } from 'node:util';

import { describe, expect, test } from 'vitest';

import { decodeFrame, encodeFrame, pack, unpack, WireError } from '../../src/protocol/codec';
import {
  Binary,
  shapes,
  UploadReference,
  type Json,
  type PageId,
  type ToKernelFrame,
  type UploadId
} from '../../src/protocol/wire';
import { frame, node, patch, task, welcome } from './support';
import fc from './properties';

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(values);

/** As a comm carries it. */
function travel(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function roundTrip(value: Json): Json {
  const buffers: ArrayBufferView[] = [];
  const packed = travel(pack(value, buffers));
  return unpack(packed, buffers);
}

describe('values', () => {
  const text = fc.string({ unit: 'binary' });
  const key = fc.oneof(
    text,
    fc.constantFrom('__proto__', 'constructor', '$int', '$$', '$buffer', '$number', '$upload')
  );
  const { value } = fc.letrec<{ value: Json }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      // JSON has no -0
      fc.double().map(each => (Object.is(each, -0) ? 0 : each)),
      fc.bigInt(),
      text,
      fc.uint8Array({ maxLength: 9 }).map(data => new Binary(bytes(...data), 'image/png', 'a.png')),
      fc.nat().map(id => new UploadReference(id as UploadId)),
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .array(fc.tuple(key, tie('value')), { maxLength: 4 })
        .map(entries => Object.fromEntries(entries) as Json)
    )
  }));

  test('come back as they went', () => {
    fc.assert(
      fc.property(value, each => {
        const back = roundTrip(each);
        // Vitest's equality is confused by keys such as `constructor`
        expect(isDeepStrictEqual(back, each), `${inspect(back)} is not ${inspect(each)}`).toBe(
          true
        );
      }),
      { numRuns: 300 }
    );
  });

  test('a key __proto__ is a key and changes no prototype', () => {
    const back = roundTrip(JSON.parse('{"__proto__": {"evil": true}, "$$__proto__": 1}') as Json);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(Object.keys(back as object)).toEqual(['__proto__', '$$__proto__']);
    expect((back as Record<string, unknown>)['evil']).toBeUndefined();
  });

  test('a lone surrogate becomes U+FFFD in both directions', () => {
    expect(pack('a\ud800b', [])).toBe('a\ufffdb');
    expect(unpack('\udc00', [])).toBe('\ufffd');
    expect(unpack('😀', [])).toBe('😀');
  });

  test('bytes are copied out of the message', () => {
    const whole = bytes(0, 1, 2, 3);
    const view = new DataView(whole.buffer, 1, 2);
    const found = unpack({ $buffer: 0, mimeType: 'x/y' }, [view]) as Binary;
    whole.fill(9);
    expect(found).toStrictEqual(new Binary(bytes(1, 2), 'x/y'));
    expect(found.data.buffer.byteLength).toBe(2);
  });
});

describe('hostile input throws WireError and nothing else', () => {
  const nested = (depth: number): unknown => {
    let value: unknown = 0;
    for (let i = 0; i < depth; i += 1) {
      value = i % 2 ? [value] : { a: value };
    }
    return value;
  };

  test.each([
    ['nesting', nested(201)],
    ['very deep nesting', nested(50_000)],
    ['a huge $int', { $int: '9'.repeat(1001) }],
    ['a $int of words', { $int: '1e9' }],
    ['a $int that is a number', { $int: 5 }],
    ['a missing buffer', { $buffer: 0 }],
    ['a negative buffer', { $buffer: -1 }],
    ['a buffer by name', { $buffer: 'length' }],
    ['a buffer that is an object', { $buffer: { toString: null } }],
    ['a mime type that is no string', { $buffer: 0, mimeType: 1 }],
    ['a $number from the prototype', { $number: 'constructor' }],
    ['a $number that is an object', { $number: { toString: null } }],
    ['a $upload that is a string', { $upload: '1' }],
    ['undefined', undefined],
    ['a function', () => 0]
  ])('%s', (_name, content) => {
    expect(() => unpack(content, [])).toThrow(WireError);
    expect(() => decodeFrame(content, [])).toThrow(WireError);
  });

  test('200 levels are not hostile', () => {
    expect(() => unpack(nested(200), [])).not.toThrow();
  });

  test('a value is sent only when the kernel can read it at its place in the frame', () => {
    const send = (depth: number): unknown => {
      const props = { value: nested(depth) as Json };
      return encodeFrame({ page: 'p' as PageId, ack: 0, last: 1 }, [
        { type: 'set', seq: 1, node: node(1), props }
      ]).content;
    };
    expect(() => send(198)).toThrow(WireError);
    expect(() => unpack(send(196), [])).not.toThrow();
  });

  test('any JSON is either a frame or a WireError', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), content => {
        try {
          decodeFrame(content, []);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      })
    );
  });

  test('any message in a frame is taken or left out, and never ends the frame', () => {
    const types = fc.constantFrom(
      'welcome',
      'patch',
      'queued',
      'done',
      'failed',
      'new',
      '__proto__'
    );
    const message = fc.tuple(types, fc.dictionary(fc.string(), fc.jsonValue()));
    fc.assert(
      fc.property(message, ([type, fields]) => {
        // a key with `$` in front is an encoding, and one that is wrong does end the frame
        const plain = Object.entries(fields).filter(([key]) => !key.startsWith('$'));
        const content = frame([{ ...Object.fromEntries(plain), type }]);
        try {
          const { messages, problems } = decodeFrame(content, []);
          expect(messages.length + problems.length).toBe(1);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      })
    );
  });
});

describe('shapes', () => {
  test.each([
    [[], '$: expected an object, got array'],
    [{ epoch: 1, acks: {}, messages: [] }, '$.epoch: expected string, got number'],
    [{ epoch: 'e', messages: [] }, '$.acks: missing'],
    [
      { epoch: 'e', acks: { p: 'x' }, last: 0, messages: [] },
      '$.acks: expected numbers, got string'
    ],
    [{ epoch: 'e', acks: {}, last: 0, messages: {} }, '$.messages: expected array, got object']
  ])('a frame %j', (content, problem) => {
    expect(() => decodeFrame(content, [])).toThrow(new WireError(problem));
  });

  test.each([
    [{ ...patch(1, 1, {}), seq: '1' }, 'seq: expected number, got string'],
    [
      { type: 'patch', seq: 1, updates: [{ node: 1, props: [] }] },
      'updates[0].props: expected object, got array'
    ],
    [{ type: 'patch', seq: 1, updates: [{ props: {} }] }, 'updates[0].node: missing'],
    [{ type: 'patch', seq: 1, updates: { 0: 1 } }, 'updates: expected a list, got object'],
    [welcome({ page: 5 }), 'page: expected string|null, got number'],
    [welcome({ app: null }), 'app: expected an object, got null'],
    [
      welcome({ nodes: [{ id: 0, kind: 'row', props: {}, children: {} }] }),
      'nodes[0].children: expected array, got object'
    ],
    [{ type: 'failed', seq: 1, task: 1, code: 'user', message: 'x' }, 'detail: missing']
  ])('a message %j', (message, problem) => {
    const good = patch(2, 1, { value: 'x' });
    const found = decodeFrame(frame([message, good]), []);
    expect(found.messages).toEqual([good]);
    expect(found.problems).toEqual([`$.messages[0].${problem}`]);
    expect(found.unknown).toEqual([]);
  });

  test('an unknown type is left out, reported, and its number told', () => {
    const found = decodeFrame(
      frame([
        { type: 'dance', seq: 4 },
        { type: 'done', seq: 5, task: 1 }
      ]),
      []
    );
    expect(found.messages).toEqual([{ type: 'done', seq: 5, task: 1 }]);
    expect(found.unknown).toEqual([4]);
    expect(found.problems).toEqual(['$.messages[0]: unknown message type "dance"']);
  });

  test.each([
    [{ $int: '1' }, 'bigint'],
    [null, 'object'],
    [{ $number: 'NaN' }, 'null']
  ])('a type that is %j is named, not thrown over', (type, name) => {
    const found = decodeFrame(frame([{ type, seq: 1 }]), []);
    expect(found.problems).toEqual([`$.messages[0]: unknown message type ${name}`]);
  });

  test('a field that is new to this page is let through', () => {
    expect(decodeFrame(frame([{ ...patch(1, 1, {}), later: [1] }]), []).problems).toEqual([]);
  });

  test('a welcome of another protocol needs only what the sentence is made of', () => {
    const other = {
      type: 'welcome',
      seq: 0,
      page: null,
      protocol: 2,
      version: '9.0',
      shape: 'new'
    };
    expect(decodeFrame(frame([other]), []).messages).toEqual([other]);
    expect(decodeFrame(frame([{ ...other, version: 9 }]), []).messages).toEqual([]);
  });
});

test('a frame for the kernel leaves out what is not given', () => {
  const { content, buffers } = encodeFrame({ page: 'p' as PageId, ack: 7, last: 3 }, [
    { type: 'cancel', seq: 1, task: task(3) },
    { type: 'set', seq: 2, node: node(1), props: { value: new Binary(bytes(1), 'x/y'), n: NaN } },
    { type: 'event', seq: 3, node: node(1), name: 'click', data: undefined as unknown as Json }
  ]);
  expect(content).toStrictEqual({
    page: 'p',
    ack: 7,
    last: 3,
    messages: [
      { type: 'cancel', seq: 1, task: 3 },
      {
        type: 'set',
        seq: 2,
        node: 1,
        props: { value: { $buffer: 0, mimeType: 'x/y' }, n: { $number: 'NaN' } }
      },
      { type: 'event', seq: 3, node: 1, name: 'click' }
    ]
  });
  expect(buffers).toEqual([bytes(1)]);
});

describe("the golden frames, which the kernel's tests read too", () => {
  interface Golden {
    readonly direction: 'toPage' | 'toKernel';
    readonly content: unknown;
    readonly buffers: readonly string[];
    readonly after?: unknown;
  }
  const folder = 'test/wire/golden';
  const files = readdirSync(folder).filter(name => name.endsWith('.json'));

  test('are there', () => {
    expect(files.length, `${folder} is empty`).toBeGreaterThan(0);
  });

  test.each(files)('%s', name => {
    const golden = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as Golden;
    const wanted = golden.after ?? golden.content;
    const buffers = golden.buffers.map(hex => new Uint8Array(Buffer.from(hex, 'hex')));
    const hex = (views: readonly ArrayBufferView[]): string[] =>
      views.map(view => Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex'));
    const frame = unpack(golden.content, buffers);
    if (golden.direction === 'toPage') {
      expect(decodeFrame(golden.content, buffers).problems).toEqual([]);
      const written: ArrayBufferView[] = [];
      expect(travel(pack(frame, written))).toEqual(wanted);
      expect(hex(written)).toEqual(golden.buffers);
    } else {
      const { page, ack, last, messages, ask } = frame as unknown as ToKernelFrame;
      const packet = encodeFrame({ page, ack, last, ...(ask === true && { ask }) }, messages);
      expect(travel(packet.content)).toEqual(wanted);
      expect(hex(packet.buffers)).toEqual(golden.buffers);
    }
  });

  test('show every type that is read here', () => {
    const types = files.flatMap(name => {
      const golden = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as Golden;
      return (golden.content as { messages: { type: string }[] }).messages.map(each => each.type);
    });
    const known = Object.keys(shapes).filter(name => /^[a-z]/.test(name));
    expect([...new Set(types)].sort()).toEqual(known.sort());
  });
});
