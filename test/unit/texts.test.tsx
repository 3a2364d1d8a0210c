import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import { percent } from '../../src/components/Label';
import { show } from './drawing';
import { patch, type Bench } from './support';

function selected(bench: Bench): unknown[] {
  return bench.sent().map(message => (message.type === 'event' ? message.data : message));
}

describe('Label', () => {
  const ANIMAL = {
    label: 'cat',
    confidences: [
      { label: 'cat', confidence: 0.9 },
      { label: 'dog', confidence: 0.1 }
    ]
  };

  test('shows the surest label, and how sure it is of each', () => {
    show('label', { value: ANIMAL, label: 'Animal' });
    const figure = screen.getByRole('figure', { name: 'Animal' });
    expect(figure.querySelector('.ib-Label-heading')?.textContent).toBe('cat');
    const rows = within(figure).getAllByRole('listitem');
    expect(rows.map(row => row.textContent)).toEqual(['cat90%', 'dog10%']);
    expect(rows[0]!.querySelector<HTMLElement>('.ib-Label-bar > span')?.style.width).toBe('90%');
    expect(within(figure).queryByRole('button')).toBeNull();
  });

  test('a label alone', () => {
    show('label', { value: { label: '3.5', confidences: null }, showHeading: false });
    screen.getByText('3.5');
    expect(screen.queryByRole('list')).toBeNull();
  });

  test('without heading', () => {
    show('label', { value: ANIMAL, showHeading: false });
    expect(document.querySelector('.ib-Label-heading')).toBeNull();
  });

  test('nothing yet', () => {
    show('label', {});
    screen.getByText('No label yet');
  });

  test('select', async () => {
    const bench = show('label', { value: ANIMAL }, ['select']);
    await userEvent.click(screen.getByRole('button', { name: 'dog 10%' }));
    expect(selected(bench)).toEqual([{ index: 1, value: 'dog', selected: true }]);
  });

  test.each([
    [NaN, ''],
    [Infinity, '100%'],
    [-1, '0%'],
    [3, '100%']
  ])('a bar of %d is %j wide', (confidence, width) => {
    show('label', {
      value: { label: 'a', confidences: [{ label: 'a', confidence: named(confidence) }] }
    });
    expect(document.querySelector<HTMLElement>('.ib-Label-bar > span')?.style.width).toBe(width);
  });

  test.each([
    [0, '0%'],
    [1, '100%'],
    [0.456, '46%'],
    [0.042, '4.2%'],
    [0.999, '99.9%'],
    [0.9999, '100.0%'],
    [3, '300%'],
    [NaN, 'NaN']
  ])('%d is %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });
});

function named(number: number): unknown {
  return Number.isFinite(number) ? number : { $number: String(number) };
}

describe('HighlightedText', () => {
  const NAMES = [
    ['Ada', 'person'],
    [' lived in ', null],
    ['London', 'place']
  ];
  const mark = (text: string): HTMLElement => screen.getByText(text, { selector: 'mark' });
  const hueOf = (element: Element): string =>
    (element as HTMLElement).style.getPropertyValue('--ib-hue');

  test('marks the parts and names their categories', () => {
    show('highlightedtext', { value: NAMES });
    const text = document.querySelector('.ib-HighlightedText-text');
    expect(text?.textContent).toBe('Ada person lived in London place');
    expect(hueOf(mark('Ada'))).not.toBe(hueOf(mark('London')));
    expect(document.querySelectorAll('.ib-HighlightedText-label')).toHaveLength(2);
  });

  test('a legend instead of names in the text', () => {
    show('highlightedtext', { value: [...NAMES, ['Bob', 'person']], showLegend: true });
    const legend = screen.getByRole('list', { name: 'Legend' });
    expect(
      within(legend)
        .getAllByRole('listitem')
        .map(item => item.textContent)
    ).toEqual(['person', 'place']);
    expect(document.querySelectorAll('mark .ib-HighlightedText-label')).toHaveLength(0);
    // Colour alone would say nothing to who cannot see it.
    expect(mark('Ada').textContent).toBe('Ada person');
  });

  test('colours of the app come first, and the others keep theirs', () => {
    const bench = show('highlightedtext', { value: NAMES, colorMap: { person: 'teal' } });
    const before = hueOf(mark('London'));
    expect(hueOf(mark('Ada'))).toBe('teal');
    act(() => {
      bench.deliver([
        patch(1, 1, {
          value: [
            ['Sunday', 'day'],
            ['London', 'place']
          ]
        })
      ]);
      bench.clock.frame();
    });
    expect(hueOf(mark('London'))).toBe(before);
    expect(hueOf(mark('Sunday'))).not.toBe(before);
  });

  test('scores diverge from zero and stop at one', () => {
    const scores = [-2, -0.5, 0, 0.5, 1];
    show('highlightedtext', {
      value: scores.map((score, i) => [`t${i}`, score]),
      showLegend: true
    });
    const tints = scores.map((_, i) => mark(`t${i}`).style.getPropertyValue('--ib-tint'));
    expect(tints).toEqual(['60%', '30%', '0%', '30%', '60%']);
    expect(hueOf(mark('t0'))).toBe(hueOf(mark('t1')));
    expect(hueOf(mark('t1'))).not.toBe(hueOf(mark('t3')));
    screen.getByRole('img', { name: /Scale/ });
    expect(mark('t1').title).toBe('-0.5');
  });

  test('select by mouse and keyboard', async () => {
    const bench = show('highlightedtext', { value: [...NAMES, [' ', null]] }, ['select']);
    expect(screen.getAllByRole('button')).toHaveLength(3);
    await userEvent.click(mark('London'));
    await userEvent.tab();
    screen.getByText('lived in').focus();
    await userEvent.keyboard('{Enter}');
    expect(selected(bench)).toEqual([
      { index: 2, value: ['London', 'place'], selected: true },
      { index: 1, value: [' lived in ', null], selected: true }
    ]);
  });

  test('right to left', () => {
    show('highlightedtext', { value: NAMES, rtl: true });
    expect(mark('Ada').closest('[dir]')?.getAttribute('dir')).toBe('rtl');
  });

  test.each([[null], [[]]])('nothing yet: %j', value => {
    show('highlightedtext', { value });
    screen.getByText('No text yet');
  });
});
