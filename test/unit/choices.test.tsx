import { fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { describe, expect, test } from 'vitest';

import { chosenOf, matching, optionsOf } from '../../src/components/parts/choices';
import type { Json, ToKernel } from '../../src/protocol/wire';
import { draw, type Drawn } from './drawing';

const LETTERS = [
  ['A', 'a'],
  ['B', 'b'],
  ['C', 'c']
] as const;
const ALL = ['input', 'select', 'focus', 'blur', 'key_up'];

/** What was sent, in short: the value, or `!event` with its data. */
function said(drawn: Drawn): unknown[] {
  drawn.bench.clock.frame();
  return drawn.sent().map((message: ToKernel) => {
    switch (message.type) {
      case 'set':
        return message.props['value'];
      case 'event':
        return message.data === null ? `!${message.name}` : [`!${message.name}`, message.data];
      default:
        return message.type;
    }
  });
}

/** A draw of a dropdown, with a person at it. */
function dropdown(props: Record<string, Json>, events: readonly string[] = ['input']) {
  const drawn = draw('dropdown', { choices: LETTERS, label: 'Pick', ...props }, events);
  const user = userEvent.setup();
  const field = (): HTMLInputElement => screen.getByRole('combobox', { name: 'Pick' });
  const options = (): string[] => screen.queryAllByRole('option').map(o => o.textContent ?? '');
  const chosen = (): string[] =>
    screen.queryAllByRole('option', { selected: true }).map(o => o.textContent ?? '');
  const note = (): string =>
    drawn.container.querySelector('.ib-Combobox-note')?.textContent ?? 'none';
  const tokens = (): string[] =>
    [...drawn.container.querySelectorAll('.ib-Combobox:not([hidden]) .ib-Token-label')].map(
      token => token.textContent ?? ''
    );
  return { ...drawn, user, field, options, chosen, note, tokens, said: () => said(drawn) };
}

describe('options', () => {
  const options = optionsOf([
    ['One', 1],
    ['True', true],
    ['Text', '1']
  ]);

  test('are told apart by type', () => {
    const places = (value: Parameters<typeof chosenOf>[1]): number[] =>
      chosenOf(options, value, false).map(option => option.index);
    expect([places(1), places(true), places('1'), places(null)]).toEqual([[0], [1], [2], []]);
    expect(places(['1', 'gone', 1])).toEqual([2, 0]);
  });

  test('have values of the person’s own only where that is allowed', () => {
    expect(chosenOf(options, ['x', 1], true)).toEqual([
      { index: -1, label: 'x', value: 'x' },
      options[0]
    ]);
    expect(chosenOf(options, 'x', false)).toEqual([]);
  });

  test.each([
    ['', 3],
    ['  ', 3],
    ['T', 2],
    ['on', 1],
    ['zz', 0]
  ])('that match %j', (text, count) => {
    expect(matching(options, text)).toHaveLength(count);
  });
});

describe('a checkbox', () => {
  test('is ticked by its label and says so', () => {
    const drawn = draw('checkbox', { label: 'Crop', info: 'Help' }, ALL);
    const box = screen.getByRole<HTMLInputElement>('checkbox', { name: 'Crop' });
    expect(document.getElementById(box.getAttribute('aria-describedby')!)?.textContent).toBe(
      'Help'
    );
    fireEvent.click(screen.getByText('Crop'));
    expect(box.checked).toBe(true);
    const data = { index: 0, value: 'Crop', selected: true };
    expect(said(drawn)).toEqual([true, '!input', ['!select', data]]);
  });

  test('follows the kernel, and rests when not interactive', async () => {
    const drawn = draw('checkbox', { interactive: false });
    const box = screen.getByRole<HTMLInputElement>('checkbox', { name: 'Checkbox' });
    await drawn.patch({ value: true });
    expect([box.checked, box.disabled]).toEqual([true, true]);
  });
});

describe('a checkbox group', () => {
  const boxes = (): boolean[] =>
    screen.getAllByRole<HTMLInputElement>('checkbox').map(box => box.checked);

  test('keeps the order of ticking and leaves out what is no choice any more', () => {
    const drawn = draw(
      'checkboxgroup',
      { choices: LETTERS, value: ['gone', 'b'], label: 'Show' },
      ALL
    );
    expect(screen.getByRole('group', { name: 'Show' })).toBeTruthy();
    expect(boxes()).toEqual([false, true, false]);
    fireEvent.click(screen.getByLabelText('A'));
    const on = { index: 0, value: 'a', selected: true };
    expect(said(drawn)).toEqual([['b', 'a'], '!input', ['!select', on]]);
    fireEvent.click(screen.getByLabelText('B'));
    const off = { index: 1, value: 'b', selected: false };
    expect(said(drawn)).toEqual([['a'], '!input', ['!select', off]]);
  });

  test('offers one tick for all', () => {
    const drawn = draw('checkboxgroup', { choices: LETTERS, value: ['b'], showSelectAll: true });
    const all = screen.getByLabelText<HTMLInputElement>('Select all');
    expect([all.checked, all.indeterminate]).toEqual([false, true]);
    fireEvent.click(all);
    expect(said(drawn)).toEqual([['a', 'b', 'c']]);
    expect([all.checked, all.indeterminate]).toEqual([true, false]);
    fireEvent.click(all);
    expect(said(drawn)).toEqual([[]]);
  });

  test('without choices says so', () => {
    draw('checkboxgroup', { showSelectAll: true });
    expect(screen.getByText('No choices')).toBeTruthy();
    expect(screen.queryByRole('checkbox')).toBeNull();
  });
});

describe('a radio', () => {
  test('has one of its choices', () => {
    const drawn = draw('radio', { choices: LETTERS, value: 'b', rtl: true }, ALL);
    const radios = screen.getAllByRole<HTMLInputElement>('radio');
    expect(radios.map(radio => radio.checked)).toEqual([false, true, false]);
    expect(radios[0]!.closest('[dir=rtl]')).not.toBeNull();
    fireEvent.click(screen.getByLabelText('C'));
    const data = { index: 2, value: 'c', selected: true };
    expect(said(drawn)).toEqual(['c', '!input', ['!select', data]]);
    expect(radios.map(radio => radio.checked)).toEqual([false, false, true]);
  });

  test('with nothing chosen, or a value from other choices, is empty', async () => {
    const drawn = draw('radio', { choices: LETTERS });
    const checked = (): number =>
      screen.getAllByRole<HTMLInputElement>('radio').filter(radio => radio.checked).length;
    expect(checked()).toBe(0);
    await drawn.patch({ value: 'a' });
    expect(checked()).toBe(1);
    await drawn.patch({ choices: [['Z', 'z']] });
    expect(checked()).toBe(0);
  });
});

describe('a dropdown that is not searched', () => {
  test('is the browser’s own', async () => {
    const { field, user, said: told } = dropdown({ filterable: false, value: 'b' }, ALL);
    expect(field().tagName).toBe('SELECT');
    expect(screen.getByRole<HTMLOptionElement>('option', { name: 'B' }).selected).toBe(true);
    await user.selectOptions(field(), 'C');
    const data = { index: 2, value: 'c', selected: true };
    expect(told()).toEqual(expect.arrayContaining(['c', '!input', ['!select', data]]));
  });

  test('shows that nothing is chosen, or that nothing can be', async () => {
    const { field, patch } = dropdown({ filterable: false });
    expect(field().value).toBe('-1');
    expect(screen.getByText('Choose…')).toBeTruthy();
    await patch({ choices: [] });
    expect(screen.getByText('No choices')).toBeTruthy();
    expect(field().disabled).toBe(true);
  });
});

describe('a searched dropdown', () => {
  test('costs no list before it has the focus', () => {
    const { container, field } = dropdown({ value: 'b' });
    expect(container.querySelector('[role=listbox]')).toBeNull();
    expect([field().value, field().getAttribute('aria-expanded')]).toEqual(['B', 'false']);
  });

  test('opens by a press, is narrowed by typing, and chooses by Enter', async () => {
    const {
      user,
      field,
      options,
      chosen,
      said: told
    } = dropdown({ value: 'b' }, ['input', 'select']);
    await user.click(field());
    expect(document.activeElement).toBe(field());
    expect([options(), chosen()]).toEqual([['A', 'B', 'C'], ['B']]);
    await user.keyboard('c');
    expect(options()).toEqual(['C']);
    await user.keyboard('{Enter}');
    const data = { index: 2, value: 'c', selected: true };
    expect(told()).toEqual(['c', '!input', ['!select', data]]);
    expect([options(), field().value]).toEqual([[], 'C']);
  });

  test('opens by an arrow at what is chosen, and moves from there', async () => {
    const { user, field, said: told } = dropdown({ value: 'b' });
    await user.tab();
    expect(field().getAttribute('aria-expanded')).toBe('false');
    await user.keyboard('{ArrowDown}');
    const marked = (): string | undefined =>
      document.getElementById(field().getAttribute('aria-activedescendant') ?? '')?.textContent ??
      undefined;
    expect(marked()).toBe('B');
    await user.keyboard('{ArrowDown}');
    expect(marked()).toBe('C');
    await user.keyboard('{Enter}');
    expect(told()).toEqual(['c', '!input']);
  });

  test('closes by Escape and stays; what was typed goes with the next', async () => {
    const { user, field, options, said: told } = dropdown({ value: 'b' });
    await user.click(field());
    await user.keyboard('zz{Escape}');
    expect([options(), field().value, document.activeElement]).toEqual([[], 'zz', field()]);
    await user.keyboard('{Escape}');
    expect([field().value, document.activeElement]).toEqual(['B', field()]);
    expect(told()).toEqual([]);
  });

  test('forgets what was typed when it is left', async () => {
    const { user, field, note, options, said: told } = dropdown({ value: 'b' }, ['focus', 'blur']);
    await user.click(field());
    await user.keyboard('zz');
    expect([options(), note()]).toEqual([[], 'No matches']);
    await user.tab();
    expect(field().value).toBe('B');
    expect(told()).toEqual(['!focus', '!blur']);
  });

  test('tells of keys, with what the field has', async () => {
    const { user, field, said: told } = dropdown({ value: null }, ['key_up']);
    await user.click(field());
    await user.keyboard('ab');
    expect(told()).toEqual([
      ['!key_up', { key: 'a', inputValue: 'a' }],
      ['!key_up', { key: 'b', inputValue: 'ab' }]
    ]);
  });

  test('choosing what is chosen changes nothing', async () => {
    const { user, field, said: told } = dropdown({ value: 'b' }, ['input', 'select']);
    await user.click(field());
    await user.click(screen.getByRole('option', { name: 'B' }));
    expect(told()).toEqual([['!select', { index: 1, value: 'b', selected: true }]]);
  });

  test('draws the first 200 of many', async () => {
    const choices = Array.from({ length: 5000 }, (_, i) => [`Item ${i}`, i]);
    const { user, field, options, note } = dropdown({ choices, value: null });
    await user.click(field());
    expect([options().length, note()]).toEqual([200, '… and 4,800 more; type to narrow']);
    await user.keyboard('499');
    expect([options().length, note()]).toEqual([15, '']);
  });

  test('shows what the kernel sets while it is open', async () => {
    const { user, field, chosen, patch } = dropdown({ value: 'b' });
    await user.click(field());
    await patch({ value: 'c' });
    expect([field().value, chosen()]).toEqual(['C', ['C']]);
    await patch({ choices: [['Z', 'z']] });
    expect([field().value, chosen()]).toEqual(['', []]);
  });

  test('without choices says so', () => {
    const { field } = dropdown({ choices: [] });
    expect(field().placeholder).toBe('No choices');
  });

  test('that is not interactive is read', () => {
    dropdown({ value: 'b', interactive: false });
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Pick' });
    expect([field.value, field.readOnly]).toEqual(['B', true]);
  });
});

describe('a value of one’s own', () => {
  test('is entered by Enter, though something matches', async () => {
    const props = { choices: [['Alpha', 'x']], value: null, allowCustomValue: true };
    const { user, field, note, options, said: told } = dropdown(props, ['input', 'select']);
    await user.click(field());
    await user.keyboard('al');
    expect(options()).toEqual(['Alpha']);
    await user.keyboard('{Enter}');
    const data = { index: null, value: 'al', selected: true };
    expect(told()).toEqual(['al', '!input', ['!select', data]]);
    await user.keyboard('zz');
    expect(note()).toBe('Press Enter to use what you typed');
  });

  test('is entered by leaving the field', async () => {
    const { user, field, said: told } = dropdown({ value: 'b', allowCustomValue: true });
    await user.click(field());
    await user.keyboard('mine');
    await user.tab();
    expect(told()).toEqual(['mine', '!input']);
    expect(field().value).toBe('mine');
  });

  test('that is a label or a value is that choice, and none clears', async () => {
    const { user, field, said: told } = dropdown({ value: 'b', allowCustomValue: true });
    await user.click(field());
    await user.keyboard('C{Enter}');
    expect(told()).toEqual(['c', '!input']);
    await user.keyboard('a{Enter}');
    expect(field().value).toBe('A');
    told();
    await user.clear(field());
    await user.keyboard('{Enter}');
    expect(told()).toEqual([null, '!input']);
  });

  test('is not given by Enter that only accepts an input method’s suggestion', async () => {
    const { user, field, said: told } = dropdown({ value: null, allowCustomValue: true });
    await user.click(field());
    await user.keyboard('k');
    fireEvent.keyDown(field(), { key: 'Enter', isComposing: true });
    expect(told()).toEqual([]);
  });
});

describe('several of a dropdown', () => {
  const SEVERAL = { multiselect: true, value: ['a', 'b'] };

  test('are tokens; the list stays open and takes out what is in', async () => {
    const { user, field, tokens, options, said: told } = dropdown(SEVERAL, ['input', 'select']);
    expect(tokens()).toEqual(['A', 'B']);
    await user.click(field());
    await user.click(screen.getByRole('option', { name: 'C' }));
    const on = { index: 2, value: 'c', selected: true };
    expect(told()).toEqual([['a', 'b', 'c'], '!input', ['!select', on]]);
    await user.click(screen.getByRole('option', { name: 'A' }));
    const off = { index: 0, value: 'a', selected: false };
    expect(told()).toEqual([['b', 'c'], '!input', ['!select', off]]);
    expect([options().length, tokens()]).toEqual([3, ['B', 'C']]);
    expect(document.activeElement).toBe(field());
  });

  test('are removed by Backspace in an empty field alone', async () => {
    const { user, tokens, said: told } = dropdown(SEVERAL);
    await user.tab();
    await user.keyboard('x{Backspace}');
    expect(told()).toEqual([]);
    await user.keyboard('{Backspace}');
    expect([told(), tokens()]).toEqual([[['a'], '!input'], ['A']]);
    await user.keyboard('{Backspace}{Backspace}');
    expect(told()).toEqual([[], '!input']);
  });

  test('are walked by arrows and removed by Delete; the focus is never lost', async () => {
    const { user, field, tokens } = dropdown({ ...SEVERAL, value: ['a', 'b', 'c'] });
    const focused = (): string | null | undefined =>
      document.activeElement === field()
        ? 'field'
        : document.activeElement?.getAttribute('aria-label');
    await user.tab();
    await user.keyboard('{ArrowLeft}{ArrowLeft}');
    expect(focused()).toBe('Remove B');
    await user.keyboard('{Delete}');
    expect([tokens(), focused()]).toEqual([['A', 'C'], 'Remove C']);
    await user.keyboard('{Delete}');
    expect([tokens(), focused()]).toEqual([['A'], 'Remove A']);
    await user.keyboard('{ArrowLeft}');
    expect(focused()).toBe('Remove A');
    await user.keyboard('{ArrowRight}');
    expect(focused()).toBe('field');
    await user.keyboard('{ArrowLeft}{Enter}');
    expect([tokens(), focused()]).toEqual([[], 'field']);
  });

  test('are removed by a press, without opening the list', async () => {
    const { user, tokens, options, said: told } = dropdown(SEVERAL);
    await user.click(screen.getByRole('button', { name: 'Remove A' }));
    expect([told(), tokens(), options()]).toEqual([[['b'], '!input'], ['B'], []]);
  });

  test('are told to assistive technology as they should', async () => {
    const { user, field, container } = dropdown({ ...SEVERAL, maxChoices: 2 });
    await user.click(field());
    // jsdom has no layout, so nothing has a contrast.
    const { violations } = await axe.run(container, {
      rules: { 'color-contrast': { enabled: false }, region: { enabled: false } }
    });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  test('are no more than the most', async () => {
    const { user, field, note, said: told } = dropdown({ ...SEVERAL, maxChoices: 2 });
    await user.click(field());
    expect(note()).toBe('2 of 2 chosen; remove one to choose another');
    const third = screen.getByRole('option', { name: 'C' });
    expect(third.getAttribute('aria-disabled')).toBe('true');
    await user.click(third);
    await user.keyboard('c{Enter}');
    expect(told()).toEqual([]);
    await user.click(screen.getByRole('option', { name: 'C' }));
    expect(told()).toEqual([]);
  });

  test('with values of one’s own', async () => {
    const { user, field, tokens, said: told } = dropdown({ ...SEVERAL, allowCustomValue: true });
    await user.click(field());
    await user.keyboard('mine{Enter}other{Enter}');
    expect(tokens()).toEqual(['A', 'B', 'mine', 'other']);
    told();
    await user.keyboard('mine{Enter}');
    expect(told()).toEqual([]);
    await user.keyboard('{Backspace}{Backspace}');
    expect(tokens()).toEqual(['A', 'B']);
  });

  test('leave out what is no choice any more', async () => {
    const { user, field, tokens, said: told } = dropdown({ ...SEVERAL, value: ['gone', 'a'] });
    expect(tokens()).toEqual(['A']);
    await user.click(field());
    await user.click(screen.getByRole('option', { name: 'C' }));
    expect(told()).toEqual([['a', 'c'], '!input']);
  });

  test('that are not searched take no text', async () => {
    const { user, field, options, said: told } = dropdown({ ...SEVERAL, filterable: false });
    await user.click(field());
    await user.keyboard('c');
    expect([field().value, options()]).toEqual(['', ['A', 'B', 'C']]);
    await user.keyboard('{End}{Enter}');
    expect(told()).toEqual([['a', 'b', 'c'], '!input']);
  });

  test('that are not interactive are read', async () => {
    const { tokens, patch } = dropdown({ ...SEVERAL, interactive: false });
    expect(tokens()).toEqual(['A', 'B']);
    expect(screen.queryByRole('button')).toBeNull();
    await patch({ value: [] });
    expect(screen.getByText('None')).toBeTruthy();
  });
});
