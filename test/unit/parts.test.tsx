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
