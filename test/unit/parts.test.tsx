import { fireEvent, screen } from '@testing-library/react';
import { afterEach, describe, expect, test } from 'vitest';

import { draw } from './drawing';

describe('the copy button', () => {
  afterEach(() => Reflect.deleteProperty(navigator, 'clipboard'));

  const copyWith = async (writeText?: (text: string) => Promise<void>): Promise<HTMLElement> => {
    if (writeText !== undefined) {
      Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
    }
    draw('textbox', { value: 'abc', showCopyButton: true });
    const button = screen.getByRole('button', { name: 'Copy' });
    fireEvent.click(button);
    await screen.findByText(/Copied|Not allowed/, { selector: '[role=status]' });
    return button;
  };

  test('copies, says so where it is announced, and forgets it', async () => {
    const copied: string[] = [];
    const button = await copyWith(text => Promise.resolve(void copied.push(text)));
    expect(copied).toEqual(['abc']);
    expect(button.textContent).toBe('Copied');
    expect(button.querySelector('[role=status]')).toBeNull();
    fireEvent.blur(button);
    expect(button.textContent).toBe('');
  });

  test.each(['textbox', 'markdown'])('of a %s tells what was copied', async kind => {
    let allowed = false;
    const writeText = (): Promise<void> =>
      allowed ? Promise.resolve() : Promise.reject(new Error());
    Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
    const view = draw(kind, { value: 'abc', showCopyButton: true }, ['copy']);
    fireEvent.click(screen.getByRole('button', { name: 'Copy' }));
    await screen.findByText('Not allowed here', { selector: '[role=status]' });
    expect(view.sent()).toEqual([]);
    allowed = true;
    fireEvent.click(screen.getByRole('button', { name: 'Copy' }));
    await screen.findByText('Copied', { selector: '[role=status]' });
    expect(view.sent()).toMatchObject([
      { type: 'event', node: 1, name: 'copy', data: { value: 'abc' } }
    ]);
  });

  test('says when it may not, and when there is no clipboard', async () => {
    const button = await copyWith(() => Promise.reject(new Error('denied')));
    expect(button.textContent).toBe('Not allowed here');
  });

  test('says so where there is no clipboard', async () => {
    expect(navigator.clipboard).toBeUndefined();
    expect((await copyWith()).textContent).toBe('Not allowed here');
  });
});

describe('the frame', () => {
  test('has the id, classes and visibility that the app gives', async () => {
    const { container, patch } = draw('textbox', { elemId: 'mine', elemClasses: ['one'] });
    expect(container.querySelector('#mine.ib-Frame.ib-card.ib-Textbox.one')).not.toBeNull();
    await patch({ container: false });
    expect(container.querySelector('#mine.ib-card')).toBeNull();
    await patch({ visible: false });
    expect(container.querySelector('#mine')).toBeNull();
  });
});
