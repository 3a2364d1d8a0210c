import { act, fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import { decimals, format, parse, rounded } from '../../src/components/parts/NumberField';
import type { ToKernel } from '../../src/protocol/wire';
import { show } from './drawing';
import { patch, type Bench } from './support';

/** What was sent, in short: `value` or `!event`. Every edit is answered, so that none waits. */
function sent(bench: Bench): unknown[] {
  bench.clock.frame();
  return bench.sent().map(summary);
}

function summary(message: ToKernel): unknown {
  switch (message.type) {
    case 'set':
      return message.props['value'];
    case 'event':
      return `!${message.name}`;
    default:
      return message.type;
  }
}

const ALL = ['input', 'submit', 'focus', 'blur'];

describe('numbers and their text', () => {
  test.each([
    ['', null],
    ['  ', null],
    ['0', 0],
    ['-3', -3],
    ['−3', -3],
    ['+3', 3],
    ['1.', 1],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1E-2', 0.01],
    ['１２', 12],
    ['-', undefined],
    ['1e', undefined],
    ['1e999', undefined],
    ['1,5', undefined],
    ['0x10', undefined],
    ['NaN', undefined],
    ['9007199254740993', 9007199254740993n],
    ['+9007199254740993', 9007199254740993n]
  ])('parse %j', (text, number) => {
    expect(parse(text)).toBe(number);
  });

  // The right column is what Python's round() says.
  test.each([
    [2.5, 0, 2],
    [3.5, 0, 4],
    [-2.5, 0, -2],
    [-3.5, 0, -4],
    [2.4, 0, 2],
    [0.125, 2, 0.12],
    [2.675, 2, 2.67],
    [1.005, 2, 1],
    [15, -1, 20],
    [26, -1, 30],
    [1.25, null, 1.25],
    [Infinity, 0, Infinity]
  ])('%d rounded to %j is %d', (value, precision, result) => {
    expect(rounded(value, precision)).toBe(result);
  });

  test.each([
    [1, 0],
    [0.25, 2],
    [1e-7, 7],
    [1.5e-7, 8],
    [1e21, 0]
  ])('%d has %d decimals', (value, count) => {
    expect(decimals(value)).toBe(count);
  });

  test('null has no text', () => {
    expect([format(null), format(NaN), format(-Infinity)]).toEqual(['', 'NaN', '-Infinity']);
  });
});

describe('Number', () => {
  test('what is being typed stays, and is sent when it is a number', async () => {
    const bench = show('number', { label: 'Age' }, ['input']);
    const field = screen.getByRole<HTMLInputElement>('spinbutton', { name: 'Age' });
    const shown: string[] = [];
    const log: unknown[] = [];
    for (const key of '-1.50e2') {
      await userEvent.type(field, key);
      shown.push(field.value);
      log.push(sent(bench));
    }
    expect(shown).toEqual(['-', '-1', '-1.', '-1.5', '-1.50', '-1.50e', '-1.50e2']);
    expect(log[0]).toEqual([]);
    expect(bench.value(1)).toBe(-150);
  });

  test('an empty field is null', async () => {
    const bench = show('number', { value: 7 }, ['input']);
    await userEvent.clear(screen.getByRole('spinbutton'));
    expect(bench.value(1)).toBeNull();
    expect(sent(bench)).toEqual([null, '!input']);
  });

  test('what is no number is marked, and gone when the field is left', async () => {
    show('number', { value: 7 });
    const field = screen.getByRole<HTMLInputElement>('spinbutton');
    await userEvent.type(field, 'x');
    expect([field.value, field.getAttribute('aria-invalid')]).toEqual(['7x', 'true']);
    await userEvent.tab();
    expect([field.value, field.getAttribute('aria-invalid')]).toEqual(['7', null]);
  });

  test('a value from the kernel replaces what is being typed', async () => {
    const bench = show('number', { value: 7 });
    const field = screen.getByRole<HTMLInputElement>('spinbutton');
    await userEvent.type(field, 'e');
    act(() => {
      bench.deliver([patch(1, 1, { value: 8 })], 100);
      bench.clock.frame();
    });
    expect(field.value).toBe('8');
  });

  test('submit, focus and blur', async () => {
    const bench = show('number', { value: 7 }, ALL);
    const field = screen.getByRole('spinbutton');
    await userEvent.click(field);
    await userEvent.keyboard('{Enter}');
    await userEvent.keyboard('x{Enter}');
    await userEvent.tab();
    expect(sent(bench)).toEqual(['!focus', '!submit', '!blur']);
  });

  test('precision rounds when the person is done', async () => {
    const bench = show('number', { precision: 0 });
    const field = screen.getByRole<HTMLInputElement>('spinbutton');
    await userEvent.type(field, '3.7');
    expect(field.value).toBe('3.7');
    await userEvent.tab();
    expect(field.value).toBe('4');
    expect(bench.value(1)).toBe(4);
  });

  test.each([
    ['{ArrowUp}', { value: 0.1, step: 0.2 }, 0.3],
    ['{ArrowDown}', { value: 1 }, 0],
    ['{PageUp}', { value: 1 }, 11],
    ['{ArrowUp}', { value: 12.6, precision: 0 }, 14],
    ['{ArrowUp}', {}, 1],
    ['{ArrowUp}', { minimum: 5 }, 5],
    ['{ArrowUp}', { value: 10, maximum: 10 }, 10],
    ['{ArrowUp}', { value: 3, interactive: false }, 3],
    ['{ArrowUp}', { value: { $int: '9007199254740993' } }, 9007199254740994n]
  ])('%s from %j is %d', async (key, props, result) => {
    const bench = show('number', props);
    await userEvent.click(screen.getByRole('spinbutton'));
    await userEvent.keyboard(key);
    expect(bench.value(1) ?? 0).toBe(result);
  });

  test('the small buttons step', async () => {
    const bench = show('number', { value: 3 }, ['input']);
    const [up, down] = screen.getAllByRole('button', { hidden: true });
    await userEvent.click(up!);
    expect(bench.value(1)).toBe(4);
    await userEvent.click(down!);
    await userEvent.click(down!);
    expect(bench.value(1)).toBe(2);
  });

  test('a number beyond the limits is said to be', async () => {
    const bench = show('number', { minimum: 10, maximum: 20 });
    const field = screen.getByRole('spinbutton');
    await userEvent.type(field, '5');
    expect(field).toHaveProperty('ariaInvalid', 'true');
    expect(screen.getByText('At least 10').id).toBe(field.getAttribute('aria-describedby'));
    expect(bench.value(1)).toBe(5);
    await userEvent.type(field, '0');
    screen.getByText('At most 20');
  });

  test.each([
    [{ $number: 'NaN' }, 'NaN'],
    [{ $number: '-Infinity' }, '-Infinity'],
    [null, ''],
    [{ $int: '9007199254740993' }, '9007199254740993']
  ])('%j from a function is shown as %j', (value, text) => {
    show('number', { value, interactive: false });
    const field = screen.getByRole<HTMLInputElement>('spinbutton');
    expect([field.value, field.readOnly]).toEqual([text, true]);
  });
});

describe('Slider', () => {
  const SIZE = { label: 'Size', minimum: 0, maximum: 10, value: 4, showResetButton: 4 };
  const range = (): HTMLInputElement => screen.getByRole('slider', { name: 'Size' });
  const drag = (value: string): void => {
    // As a browser does it: one `input` a movement.
    act(() => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(
        range(),
        value
      );
      range().dispatchEvent(new Event('input', { bubbles: true }));
    });
  };

  test('movements are inputs, and letting go is one release', () => {
    const bench = show('slider', SIZE, ['input', 'release']);
    fireEvent.pointerDown(range());
    drag('5');
    drag('6');
    fireEvent.pointerUp(range());
    fireEvent(range(), new Event('change', { bubbles: true }));
    fireEvent.blur(range());
    expect(sent(bench)).toEqual([5, '!input', 6, '!input', '!release']);
  });

  test('a held key is one interaction', () => {
    const bench = show('slider', SIZE, ['release']);
    fireEvent.keyDown(range(), { key: 'ArrowRight' });
    for (const value of ['5', '6', '7']) {
      drag(value);
      fireEvent(range(), new Event('change', { bubbles: true }));
    }
    expect(sent(bench)).not.toContain('!release');
    fireEvent.keyUp(range(), { key: 'ArrowRight' });
    fireEvent.keyUp(range(), { key: 'Shift' });
    expect(sent(bench)).toEqual(['!release']);
    expect(bench.value(1)).toBe(7);
  });

  test('a step of assistive technology, without key or pointer, ends by itself', () => {
    const bench = show('slider', SIZE, ['release']);
    drag('5');
    fireEvent(range(), new Event('change', { bubbles: true }));
    expect(sent(bench)).toEqual([5, '!release']);
  });

  test('the number is typed, and held to the range', async () => {
    const bench = show('slider', SIZE, ['input', 'release']);
    const field = screen.getByRole<HTMLInputElement>('spinbutton', { name: 'Size, as a number' });
    await userEvent.clear(field);
    expect(bench.value(1)).toBe(4);
    await userEvent.type(field, '77');
    expect(bench.value(1)).toBe(7);
    expect(field.value).toBe('77');
    await userEvent.tab();
    expect(field.value).toBe('10');
    expect(sent(bench)).toEqual([7, '!input', 10, '!input', '!release']);
    expect(range().value).toBe('10');
  });

  test('an emptied number comes back', async () => {
    const bench = show('slider', SIZE);
    const field = screen.getByRole<HTMLInputElement>('spinbutton');
    await userEvent.clear(field);
    await userEvent.tab();
    expect([field.value, bench.value(1)]).toEqual(['4', 4]);
  });

  test('reset goes back to the first value', async () => {
    const bench = show('slider', { ...SIZE, value: 9 }, ['input', 'release']);
    await userEvent.click(screen.getByRole('button', { name: 'Reset Size to 4' }));
    expect(sent(bench)).toEqual([4, '!input', '!release']);
    await userEvent.click(screen.getByRole('button', { name: 'Reset Size to 4' }));
    expect(sent(bench)).toEqual([]);
  });

  test('without a first value there is no reset', () => {
    show('slider', { ...SIZE, showResetButton: null });
    expect(screen.queryByRole('button')).toBeNull();
  });

  test('a range that a function has narrowed holds the value', () => {
    show('slider', { ...SIZE, value: 40 });
    expect(range().value).toBe('10');
    expect(screen.getByRole<HTMLInputElement>('spinbutton').value).toBe('10');
  });

  test('a slider that only shows', () => {
    show('slider', { ...SIZE, interactive: false });
    expect(range().disabled).toBe(true);
    expect(screen.getByRole<HTMLInputElement>('spinbutton').readOnly).toBe(true);
    expect(screen.queryByRole('button')).toBeNull();
  });
});
