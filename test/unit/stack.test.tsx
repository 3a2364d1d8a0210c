/** Plain text, and the layout that is given its children as arguments. */
import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, test } from 'vitest';

import type { Services } from '../../src/components/component';
import { App } from '../../src/host/App';
import { livePage, node } from './support';

const SERVICES = { renderMarkdown: () => Promise.resolve() } as unknown as Services;

afterEach(cleanup);

/** Draw a layout or component of a kind, with texts in it; its element. */
function draw(kind: string, props: object, ...texts: string[]): HTMLElement {
  const ids = texts.map((_, i) => node(i + 2));
  const children = kind === 'text' ? {} : { children: ids };
  const { page } = livePage({
    nodes: [
      { id: node(0), kind: 'blocks', props: {}, children: [node(1)] },
      { id: node(1), kind, props, ...children },
      ...texts.map((value, i) => ({ id: node(i + 2), kind: 'text', props: { value } }))
    ]
  });
  const { container } = render(<App page={page} services={SERVICES} />);
  return container.querySelector<HTMLElement>('[data-node="1"]')!;
}

describe('a text', () => {
  test('is text, whatever is in it', () => {
    const text = draw('text', { value: '<b>1</b>\n  **2**' });
    expect(text.querySelector('.ib-Text-value')!.textContent).toBe('<b>1</b>\n  **2**');
    expect(text.querySelector('b')).toBeNull();
    expect(text.querySelector<HTMLElement>('.ib-Text-value')!.getAttribute('style')).toBeNull();
  });

  test('looks as its props say, and what is said about it does not', () => {
    const props = { bold: true, italic: true, underline: true, align: 'right', color: 'red' };
    const text = draw('text', { value: 'x', ...props, fontSize: '2rem' });
    const { style } = text.querySelector<HTMLElement>('.ib-Text-value')!;
    expect([style.fontWeight, style.fontStyle, style.textDecoration, style.textAlign]).toEqual([
      'bold',
      'italic',
      'underline',
      'right'
    ]);
    expect([style.color, style.fontSize, style.lineHeight]).toEqual(['red', '2rem', '1.5']);
    expect(text.getAttribute('style')).toBeNull();
  });

  test.each([
    [true, 'ib-label'],
    [false, 'ib-visually-hidden']
  ])('has a label for all or for those who do not see (%s)', (showLabel, name) => {
    draw('text', { value: 'x', label: 'Sum', showLabel });
    expect(screen.getByText('Sum').className).toBe(name);
  });
});

describe('a stack', () => {
  const names = (props: object): string[] =>
    draw('stack', props, 'a', 'b').className.split(' ').slice(1);

  test('has its children in order', () => {
    expect(draw('stack', {}, 'a', 'b').textContent).toBe('ab');
  });

  test.each([
    [{}, ['ib-is-vertical']],
    [{ direction: 'horizontal' }, ['ib-is-horizontal', 'ib-is-shared']],
    [{ direction: 'horizontal', justify: 'end' }, ['ib-is-horizontal']],
    [{ direction: 'horizontal', scroll: true }, ['ib-is-horizontal', 'ib-is-scrolled']],
    [{ direction: 'horizontal', hug: true }, ['ib-is-horizontal', 'ib-is-hugging']]
  ])('%j', (props, wanted) => {
    expect(names(props)).toEqual(wanted);
  });

  test('takes lengths and places as they are', () => {
    const props = { gap: 4, align: 'center', justify: 'space-between', width: '50%', height: 80 };
    const { style } = draw('stack', props);
    expect([style.gap, style.alignItems, style.justifyContent]).toEqual([
      '4px',
      'center',
      'space-between'
    ]);
    expect([style.width, style.height]).toEqual(['50%', '80px']);
  });
});
