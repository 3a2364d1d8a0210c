/** Where the focus is after a control that had it has gone, or was out of use for a while. */
import { act, cleanup, fireEvent, screen } from '@testing-library/react';
import { afterEach, describe, expect, test } from 'vitest';

import { draw } from './drawing';
import { bench, pass, show, tell, useShown } from './shown';
import { queued, started } from './support';

const failure = { type: 'failed', task: 1, code: 'internal', message: 'No.', detail: null };
/** The tag of what has the focus, and of which component it is. */
function focused(): string {
  const element = document.activeElement!;
  const node = element.closest('[data-node]')?.getAttribute('data-node') ?? '-';
  return `${element.tagName} of ${node}`;
}

/** jsdom takes the focus off nothing but what is removed. */
function loseFocus(): void {
  const other = document.body.appendChild(document.createElement('input'));
  other.focus();
  other.remove();
  expect(document.activeElement).toBe(document.body);
}

/** Press a control that has the focus, and let what that has removed be gone. */
async function press(name: string | RegExp, then: () => void): Promise<void> {
  const control = screen.getAllByRole('button', { name })[0]!;
  control.focus();
  expect(document.activeElement).toBe(control);
  fireEvent.click(control);
  then();
  await act(() => Promise.resolve());
}

describe('a control that its own press removes', () => {
  useShown();

  test('hands the focus to the one before it: Cancel', async () => {
    show();
    tell(started(1));
    await press('Cancel work', () => tell({ type: 'stopping', task: 1 }));
    expect(focused()).toBe('TEXTAREA of 1');
  });

  test.each(['Dismiss', 'Try again'])('hands the focus to the one before it: %s', async name => {
    show();
    tell(started(1), { ...failure, retry: true });
    await press(name, () => undefined);
    expect(screen.queryByRole('button', { name })).toBeNull();
    expect(focused()).toBe('TEXTAREA of 1');
  });

  test('takes the focus from nobody else', async () => {
    show();
    tell(queued(1, { position: 0, size: 1 }));
    const field = screen.getAllByRole('textbox')[0]!;
    field.focus();
    tell(started(1), { type: 'done', task: 1 });
    await act(() => Promise.resolve());
    expect(document.activeElement).toBe(field);
  });
});

describe('a message that is closed by its button', () => {
  useShown();

  const message = (text: string, duration: number | null = null): void =>
    act(() => bench.page.toasts.show({ level: 'info', title: '', message: text, duration }));
  const closing = (text: string): HTMLElement =>
    screen.getByText(text).closest('.ib-Toast')!.querySelector('button')!;
  const focusField = (): void => act(() => screen.getAllByRole('textbox')[0]!.focus());
  const close = async (text: string): Promise<void> => {
    closing(text).focus();
    fireEvent.click(closing(text));
    await act(() => Promise.resolve());
  };

  test('hands the focus to the other messages, and then to what had it before', async () => {
    show();
    const field = screen.getAllByRole('textbox')[0]!;
    message('one');
    message('two');
    field.focus();
    await close('two');
    expect(document.activeElement).toBe(closing('one'));
    await close('one');
    expect(document.activeElement).toBe(field);
  });

  test('hands it to the end of the app where nothing of it had it', async () => {
    show();
    message('one');
    await close('one');
    expect(document.activeElement?.closest('.ipyblocks')).not.toBeNull();
  });

  test('holds up no others: their time runs', async () => {
    show();
    message('one');
    message('two', 2);
    focusField();
    await close('one');
    focusField();
    pass(3000);
    expect(screen.queryByText('two')).toBeNull();
  });

  test('that is alone is forgotten: the next one goes when its time is over', async () => {
    show();
    message('one');
    focusField();
    await close('one');
    message('two', 2);
    pass(3000);
    expect(screen.queryByText('two')).toBeNull();
  });
});

describe('a button that is out of use while it works', () => {
  afterEach(cleanup);

  test('has its focus back when it is in use again', async () => {
    const { patch } = draw('button', { value: 'Go' }, ['click']);
    const button = screen.getByRole('button', { name: 'Go' });
    button.focus();
    await patch({ interactive: false });
    loseFocus(); // as a browser does with the next frame
    await patch({ interactive: true });
    expect(document.activeElement).toBe(button);
  });

  test('leaves the focus where it is by then', async () => {
    const { patch } = draw('button', { value: 'Go' }, ['click']);
    const other = document.body.appendChild(document.createElement('input'));
    const button = screen.getByRole('button', { name: 'Go' });
    button.focus();
    await patch({ interactive: false });
    other.focus();
    await patch({ interactive: true });
    expect(document.activeElement).toBe(other);
    other.remove();
  });

  test('that did not have it does not take it', async () => {
    const { patch } = draw('button', { value: 'Go', interactive: false }, ['click']);
    await patch({ interactive: true });
    expect(document.activeElement).toBe(document.body);
  });
});
