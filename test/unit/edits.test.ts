// @vitest-environment node
import { describe, expect, test } from 'vitest';

import type { Edit, Json } from '../../src/protocol/wire';
import { applyEdits } from '../../src/store/edits';
import { same } from '../../src/store/store';
import fc from './properties';
import { copy } from './support';

type Path = Edit['path'];
type Dictionary = Readonly<Record<string, Json>>;

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isDictionary = (value: Json): value is Dictionary =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** What the kernel's `runtime/diff.py` does, in the fewest words. */
function difference(old: Json, now: Json, path: Path = []): Edit[] {
  if (typeof old === 'string' && typeof now === 'string' && old !== '' && now.startsWith(old)) {
    return old === now ? [] : [{ op: 'append', path, value: now.slice(old.length) }];
  }
  if (isList(old) && isList(now)) {
    const both = Math.min(old.length, now.length);
    return [
      ...now.slice(0, both).flatMap((item, i) => difference(old[i]!, item, [...path, i])),
      ...old.slice(both).map((_, i): Edit => {
        return { op: 'delete', path: [...path, old.length - 1 - i], value: null };
      }),
      ...now
        .slice(both)
        .map((value, i): Edit => ({ op: 'insert', path: [...path, both + i], value }))
    ];
  }
  if (isDictionary(old) && isDictionary(now)) {
    const gone = Object.keys(old).filter(key => !Object.hasOwn(now, key));
    return [
      ...gone.map((key): Edit => ({ op: 'delete', path: [...path, key], value: null })),
      ...Object.entries(now).flatMap(([key, value]): Edit[] =>
        Object.hasOwn(old, key)
          ? difference(old[key]!, value, [...path, key])
          : [{ op: 'insert', path: [...path, key], value }]
      )
    ];
  }
  return same(old, now) ? [] : [{ op: 'replace', path, value: now }];
}

const key = fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom('toString', 'constructor', '0'));
const { value } = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 1.5, '', 'a', 'ab', 'abc'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true })
  )
}));

test('edits turn the old value into the new one', () => {
  fc.assert(
    fc.property(value, value, (old, now) => {
      const before = copy(old);
      expect(same(applyEdits(old, difference(old, now)), now)).toBe(true);
      expect(same(old, before)).toBe(true);
    }),
    { numRuns: 500 }
  );
});

describe('hostile edits throw RangeError and nothing else', () => {
  const place = fc.oneof(key, fc.integer({ min: -2, max: 5 }), fc.constantFrom(0.5, NaN, null, 1n));
  const edit = fc.record({
    op: fc.constantFrom('replace', 'append', 'insert', 'delete', 'dance'),
    path: fc.oneof(fc.array(fc.oneof(place, fc.jsonValue()), { maxLength: 4 }), fc.jsonValue()),
    value
  });

  test('whatever they are', () => {
    const edits = fc.oneof(fc.array(fc.oneof(edit, fc.jsonValue())), fc.jsonValue());
    fc.assert(
      fc.property(value, edits, (old, hostile) => {
        const before = copy(old);
        try {
          applyEdits(old, hostile as unknown as Edit[]);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        expect(same(old, before)).toBe(true);
      }),
      { numRuns: 1000 }
    );
  });

  const VALUE = { list: [1, 2], text: 'a', dictionary: {} };

  test.each<[string, unknown]>([
    ['no list', 5],
    ['nothing', [null]],
    ['no path', [{ op: 'replace', value: 1 }]],
    ['no value', [{ op: 'replace', path: [] }]],
    ['an unknown operation', [{ op: 'dance', path: [], value: 1 }]],
    ['to delete the value itself', [{ op: 'delete', path: [], value: null }]],
    ['to insert the value itself', [{ op: 'insert', path: [], value: 1 }]],
    ['before the list', [{ op: 'insert', path: ['list', -1], value: 1 }]],
    ['behind the list', [{ op: 'insert', path: ['list', 3], value: 1 }]],
    ['between', [{ op: 'insert', path: ['list', 0.5], value: 1 }]],
    ['no such item', [{ op: 'replace', path: ['list', 2], value: 1 }]],
    ['a list by name', [{ op: 'replace', path: ['list', 'length'], value: 1 }]],
    ['a dictionary by number', [{ op: 'insert', path: ['dictionary', 0], value: 1 }]],
    ['no such key', [{ op: 'replace', path: ['dictionary', 'a'], value: 1 }]],
    ['an inherited key', [{ op: 'replace', path: ['dictionary', 'constructor'], value: 1 }]],
    ['into text', [{ op: 'insert', path: ['text', 0], value: 'b' }]],
    ['append to a list', [{ op: 'append', path: ['list'], value: 'b' }]],
    ['append a number', [{ op: 'append', path: ['text'], value: 1 }]],
    ['a key that is a bigint', [{ op: 'replace', path: [1n], value: 1 }]]
  ])('%s', (_name, edits) => {
    expect(() => applyEdits(VALUE, edits as Edit[])).toThrow(RangeError);
  });

  test('a key __proto__ is a key', () => {
    const path = ['__proto__'];
    const result = applyEdits({}, [{ op: 'insert', path, value: { evil: true } }]) as Dictionary;
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(Object.keys(result)).toEqual(path);
    expect(applyEdits(result, [{ op: 'delete', path, value: null }])).toEqual({});
  });
});

describe('sharing', () => {
  test('what does not change is the same object, so that it is not drawn anew', () => {
    const old = { turns: [{ text: 'a' }, { text: 'b' }], other: { deep: [1] } };
    const now = applyEdits(old, [
      { op: 'append', path: ['turns', 1, 'text'], value: '!' },
      { op: 'insert', path: ['turns', 2], value: { text: 'c' } }
    ]) as unknown as typeof old;
    expect(now).toEqual({ ...old, turns: [{ text: 'a' }, { text: 'b!' }, { text: 'c' }] });
    expect(now).not.toBe(old);
    expect(now.turns[0]).toBe(old.turns[0]);
    expect(now.turns[1]).not.toBe(old.turns[1]);
    expect(now.other).toBe(old.other);
    expect(applyEdits(old, [])).toBe(old);
  });
});
