/** The tree of data: what it says, what it unfolds, and that large data costs what is seen of it. */
import { fireEvent, screen } from '@testing-library/react';

import { afterEach, expect, test, vi } from 'vitest';

import { jsonText, unfolded } from '../../src/components/parts/jsonText';
import { pack } from '../../src/protocol/codec';
import type { Json } from '../../src/protocol/wire';
import { draw, type Drawn } from './drawing';
import fc from './properties';

const show = (value: Json, props: Record<string, Json> = {}): Drawn =>
  draw('json', { value: pack(value, []) as Json, ...props });

/** What can be read, line by line. */
const lines = (view: Drawn): string[] =>
  [...view.container.querySelectorAll('.ib-JSON-row, .ib-JSON-fold > summary')].map(
    line => line.textContent ?? ''
  );

const rows = (count: number): Json[] => Array.from({ length: count }, (_, id) => ({ id }));

afterEach(() => Reflect.deleteProperty(navigator, 'clipboard'));

test('data reads like JSON', () => {
  const value = { a: 1, list: ['x', true, null], empty: {}, none: [], 'b "c"': { d: 1.5 } };
  expect(lines(show(value))).toEqual([
    '{',
    '"a": 1,',
    '"list": [',
    '"x",',
    'true,',
    'null',
    '],',
    '"empty": {},',
    '"none": [],',
    '"b \\"c\\"": {',
    '"d": 1.5',
    '}',
    '}'
  ]);
});

test.each([
  [NaN, 'NaN'],
  [-Infinity, '-Infinity'],
  [2n ** 70n, '1180591620717411303424'],
  [1e21, '1e+21'],
  ['a\nb', '"a\\nb"'],
  [false, 'false'],
  [[], '[]']
])('%s alone reads %s', (value, text) => {
  expect(lines(show(value as Json))).toEqual([text]);
});

test('nothing yet says so', () => {
  show(null);
  expect(screen.getByText('No data yet')).toBeTruthy();
  expect(screen.queryByRole('button')).toBeNull();
});

test('lists are numbered when asked', () => {
  expect(lines(show(['a', 'b'], { showIndices: true }))).toEqual(['[', '0: "a",', '1: "b"', ']']);
});

test('three levels are unfolded at first, all with open', () => {
  const value = { a: { b: { c: { d: { e: 1 } } } } };
  expect(lines(show(value))).toContain('"c": {…}1 entry');
  expect(lines(show(value, { open: true }))).toContain('"e": 1');
});

test('a press folds and unfolds; what was folded stays so when the data change', async () => {
  const view = show({ a: [1] });
  const [, summary] = view.container.querySelectorAll('summary');
  fireEvent.click(summary!);
  expect(lines(view)).toEqual(['{', '"a": […]1 entry', '}']);
  await view.patch({ value: { a: [1, 2] } });
  expect(lines(view)).toEqual(['{', '"a": […]2 entries', '}']);
  fireEvent.click(view.container.querySelectorAll('summary')[1]!);
  expect(lines(view)).toEqual(['{', '"a": [', '1,', '2', ']', '}']);
});

test('a long list comes a hundred at a time, then twice as many', () => {
  const view = show(Array.from({ length: 350 }, (_, i) => i));
  expect(lines(view)).toHaveLength(102);
  fireEvent.click(screen.getByRole('button', { name: 'Show 100 more of 350' }));
  fireEvent.click(screen.getByRole('button', { name: 'Show 150 more of 350' }));
  expect(lines(view)).toHaveLength(352);
  expect(screen.queryByRole('button', { name: /more/ })).toBeNull();
  expect(lines(view).at(-2)).toBe('349');
});

test('what is drawn of large data is bounded', () => {
  const wide = show(rows(10_000), { open: true });
  expect(lines(wide).length).toBeLessThan(2500);
  wide.unmount();
  const cube = rows(100).map(() => rows(30).map(() => [0, 1]));
  expect(lines(show(cube, { open: true })).length).toBeLessThan(2500);
});

test('a long text is cut, and shown when asked', () => {
  const view = show(['x'.repeat(900)]);
  expect(lines(view)[1]).toHaveLength('"… Show all 900 characters'.length + 300);
  fireEvent.click(screen.getByRole('button', { name: 'Show all 900 characters' }));
  expect(lines(view)[1]).toBe(`"${'x'.repeat(900)}"`);
});

test('a text of millions of characters is never drawn whole', () => {
  const view = show('x'.repeat(2_000_000));
  fireEvent.click(screen.getByRole('button', { name: /Show all/ }));
  expect(view.container.textContent.length).toBeLessThan(101_000);
  expect(view.container.textContent).toContain('2,000,000 characters');
});

test('the copy is JSON text of everything', async () => {
  const writeText = vi.fn(() => Promise.resolve());
  Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
  const value = { rows: rows(300), big: 2n ** 60n };
  show(value);
  fireEvent.click(screen.getByRole('button', { name: 'Copy' }));
  await screen.findAllByText('Copied');
  expect(writeText).toHaveBeenCalledWith(jsonText(value));
});

test('the sign of zero is kept', () => {
  expect(jsonText([-0, 0])).toBe('[\n  -0,\n  0\n]');
});

test('text of finite JSON is what the language itself writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      // -0 is kept, which JSON.stringify does not do.
      expect(jsonText(value as Json).replace(/-0(?![.\de])/g, '0')).toBe(
        JSON.stringify(value, null, 2).replace(/-0(?![.\de])/g, '0')
      );
    })
  );
});

test('the root is always unfolded; then as many branches as fit, or none of a level', () => {
  const few = { levels: 3, lines: 120, whole: false, page: 100 };
  const root = rows(500);
  expect(unfolded(root, few).has(root)).toBe(true);
  expect(unfolded(root, few).size).toBe(21);
  expect(unfolded(root, { ...few, whole: true }).size).toBe(1);
  expect(unfolded(root, { ...few, lines: 10 }).size).toBe(1);
  expect(unfolded('text', few).size).toBe(0);
});
