import { fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { draw } from './drawing';

describe('a press', () => {
  test('is told when somebody listens', () => {
    const { sent } = draw('button', { value: 'Go' }, ['click']);
    fireEvent.click(screen.getByRole('button', { name: 'Go' }));
    expect(sent()).toEqual([{ type: 'event', seq: 2, node: 1, name: 'click', data: null }]);
  });

  test('costs nothing when nobody does, and is impossible when not interactive', () => {
    const { sent } = draw('button', { value: 'Go' });
    fireEvent.click(screen.getByRole('button'));
    expect(sent()).toEqual([]);
    const other = draw('button', { value: 'Off', interactive: false }, ['click']);
    fireEvent.click(screen.getByRole('button', { name: 'Off' }));
    expect(other.sent()).toEqual([]);
  });
});

describe('a link', () => {
  beforeEach(() => document.addEventListener('click', stop));
  afterEach(() => document.removeEventListener('click', stop));
  const stop = (event: Event): void => event.preventDefault();

  test('is a link, and tells of a press', () => {
    const { events } = draw('button', { value: 'Docs', link: 'https://a.example/' }, ['click']);
    const link = screen.getByRole<HTMLAnchorElement>('link', { name: 'Docs' });
    expect([link.href, link.target, link.rel]).toEqual([
      'https://a.example/',
      '_blank',
      'noreferrer'
    ]);
    fireEvent.click(link);
    expect(events()).toEqual(['click']);
  });

  test('that is not interactive is a button out of use', () => {
    draw('button', { value: 'Docs', link: '/x', interactive: false });
    expect(screen.getByRole('button')).toHaveProperty('disabled', true);
  });

  test.each(['/a:b', 'files/a.txt', '#part', '?q=a:b', 'mailto:a@b.example', 'HTTPS://A.example'])(
    'to %s is followed',
    link => {
      draw('button', { value: 'x', link });
      expect(screen.getByText('x').getAttribute('href')).toBe(link);
    }
  );

  test.each([
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)//',
    'JAVASCRIPT:/**/1',
    'data:text/html,<script>1</script>',
    'vbscript:x',
    '\u0001javascript:1'
  ])('to %j leads nowhere', link => {
    draw('button', { value: 'x', link });
    expect(screen.getByText('x').hasAttribute('href')).toBe(false);
  });
});

test('an icon is shown through an address that is given back', async () => {
  const made = vi.fn(() => 'blob:1');
  const given = vi.fn();
  URL.createObjectURL = made;
  URL.revokeObjectURL = given;
  const { container, patch, bench, unmount } = draw('button', { value: 'Go' });
  bench.kernel.deliver(
    {
      epoch: 'e1',
      acks: {},
      last: 0,
      messages: [
        {
          type: 'patch',
          seq: 1,
          updates: [{ node: 1, props: { icon: { $buffer: 0, mimeType: 'image/png' } } }]
        }
      ]
    },
    [new Uint8Array([1])]
  );
  await waitFor(() => expect(container.querySelector('img')?.src).toBe('blob:1'));
  expect(made.mock.calls.length).toBe(1);
  unmount();
  expect(given.mock.calls).toEqual([['blob:1']]);
  await patch({});
});
