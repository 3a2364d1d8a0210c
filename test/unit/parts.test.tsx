import { fireEvent, screen } from '@testing-library/react';
import { afterEach, describe, expect, test } from 'vitest';

import { draw, type Drawn } from './drawing';

function started(task = 1, fields: object = {}): object {
  return { type: 'started', task, nodes: [1], showProgress: 'full', ...fields };
}

describe('the status of an output', () => {
  const line = (view: Drawn): string =>
    view.container.querySelector('.ib-Status-line')?.textContent ?? '';

  test('says the place in the queue, then that it runs, then that it stops', async () => {
    const view = draw('textbox');
    const queued = { ...started(), type: 'queued' };
    await view.deliver({ ...queued, position: 1, size: 5 });
    expect(line(view)).toContain('2 of 5 in queue');
    const announced = screen
      .getAllByRole('status')
      .find(each => each.textContent?.includes('queue'));
    await view.deliver({ ...queued, position: 0, size: 4 });
    // the same element, or nobody would be told
    expect(announced?.textContent).toBe('1 of 4 in queue');
    await view.deliver(started());
    expect(announced?.textContent).toBe('Working…');
    expect(screen.getByRole('progressbar', { name: 'Working…' })).toBeInstanceOf(HTMLElement);
    await view.deliver({ type: 'stopping', task: 1 });
    expect(line(view)).toBe('Stopping…');
    await view.deliver({ type: 'done', task: 1 });
    expect(screen.queryByRole('progressbar')).toBeNull();
  });

  test('can be cancelled by keyboard', async () => {
    const view = draw('textbox');
    await view.deliver(started(7));
    const cancel = screen.getByRole('button', { name: 'Cancel' });
    expect(cancel.tabIndex).toBe(0);
    fireEvent.click(cancel);
    expect(view.sent()).toMatchObject([{ type: 'cancel', task: 7 }]);
  });

  test('is not drawn for a task that hides, but its failure is', async () => {
    const view = draw('textbox');
    await view.deliver(started(1, { showProgress: 'hidden' }));
    expect(screen.queryByRole('progressbar')).toBeNull();
    await view.deliver({ type: 'failed', task: 1, code: 'user', message: 'No.', detail: null });
    expect(screen.getByRole('alert').textContent).toContain('No.');
    expect(view.container.querySelector('details')).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

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
