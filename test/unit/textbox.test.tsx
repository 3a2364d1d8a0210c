import { fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';

import { draw } from './drawing';

const EVENTS = ['input', 'submit', 'focus', 'blur', 'select'];

function field(name = 'Textbox'): HTMLInputElement | HTMLTextAreaElement {
  return screen.getByLabelText(name);
}

describe('typing', () => {
  test('shows at once, tells the kernel, and keeps the caret', async () => {
    const { sent } = draw('textbox', { value: 'ac' }, EVENTS);
    const user = userEvent.setup();
    await user.click(field());
    field().setSelectionRange(1, 1);
    sent();
    await user.keyboard('b');
    expect(field().value).toBe('abc');
    expect(field().selectionStart).toBe(2);
    expect(sent()).toMatchObject([
      { type: 'set', node: 1, props: { value: 'abc' } },
      { type: 'event', name: 'input' }
    ]);
  });

  test('is limited by maxLength and impossible when not interactive', async () => {
    const { patch, bench } = draw('textbox', { value: 'ab', maxLength: 3 }, EVENTS);
    const user = userEvent.setup();
    await user.type(field(), 'cde');
    expect(field().value).toBe('abc');
    await patch({ interactive: false });
    await user.type(field(), 'f');
    expect(field()).toHaveProperty('readOnly', true);
    expect(bench.value(1)).toBe('abc');
  });

  test('a value of the kernel comes through, and none is empty', async () => {
    const { patch } = draw('textbox', { value: 'a' });
    await patch({ value: 'b' });
    expect(field().value).toBe('b');
    await patch({ value: null });
    expect(field().value).toBe('');
  });
});

describe('an input method', () => {
  const composing = (value: string): void => {
    fireEvent.input(field(), { target: { value }, isComposing: true });
  };

  test('is not broken off by a value of the kernel, which comes after its end', async () => {
    const { patch, bench } = draw('textbox', { value: '' }, EVENTS);
    fireEvent.compositionStart(field());
    composing('に');
    await patch({ value: 'from the kernel' });
    expect(field().value).toBe('に');
    composing('日');
    expect(bench.value(1)).toBe('日');
    fireEvent.compositionEnd(field());
    expect(field().value).toBe('日');
    await patch({ value: 'later' });
    expect(field().value).toBe('later');
  });

  test('that ends with a text of its own is heard, also before the browser tells of it', () => {
    const { bench, events } = draw('textbox', { value: '' }, EVENTS);
    fireEvent.compositionStart(field());
    composing('nihon');
    events();
    // as some browsers do: the field has the text already, the input event comes after
    const setter = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')?.set;
    setter?.call(field(), '日本');
    fireEvent.compositionEnd(field());
    expect(bench.value(1)).toBe('日本');
    expect(field().value).toBe('日本');
  });

  test.each([{ isComposing: true }, { keyCode: 229 }])('takes Enter for itself: %o', init => {
    const { events } = draw('textbox', {}, EVENTS);
    fireEvent.keyDown(field(), { key: 'Enter', ...init });
    expect(events()).toEqual([]);
  });
});

describe('Enter', () => {
  test.each([
    ['submits one line', { lines: 1 }, { shiftKey: false }, true],
    ['with Shift is a new line', { lines: 1 }, { shiftKey: true }, false],
    ['is a new line among several', { lines: 3 }, { shiftKey: false }, false],
    ['with Shift submits several', { lines: 3 }, { shiftKey: true }, true],
    ['submits a single line', { lines: 1, maxLines: 1 }, {}, true],
    ['submits a password, whatever its lines', { type: 'password', lines: 3 }, {}, true]
  ])('%s', (_name, props, init, submits) => {
    const { events } = draw('textbox', props, EVENTS);
    const taken = !fireEvent.keyDown(field(), { key: 'Enter', ...init });
    expect([events(), taken]).toEqual([submits ? ['submit'] : [], submits]);
  });

  test('sends the text before the submit', async () => {
    const { sent } = draw('textbox', { lines: 1 }, ['submit']);
    await userEvent.setup().type(field(), 'hi{Enter}');
    const messages = sent();
    expect(messages.at(-1)).toMatchObject({ type: 'event', name: 'submit' });
    expect(messages.at(-2)).toMatchObject({ type: 'set', props: { value: 'hi' } });
  });
});

describe('the field', () => {
  test.each([
    [{ type: 'password' }, 'password'],
    [{ type: 'email' }, 'email'],
    [{ lines: 1, maxLines: 1 }, 'text'],
    [{ lines: 1 }, 'textarea'],
    [{ lines: 2, maxLines: 1 }, 'textarea']
  ])('for %o is %s', (props, type) => {
    draw('textbox', props);
    expect(field().type).toBe(type);
  });

  test('is tied to its label and help, and has its attributes', () => {
    draw('textbox', {
      label: 'Name',
      info: 'As it should appear.',
      placeholder: 'Ada',
      rtl: true,
      textAlign: 'right'
    });
    const element = field('Name');
    expect(
      document.getElementById(element.getAttribute('aria-describedby') ?? '')?.textContent
    ).toBe('As it should appear.');
    expect(element.placeholder).toBe('Ada');
    expect(element.dir).toBe('rtl');
    expect(element.style.textAlign).toBe('right');
  });

  test('keeps its label for those who cannot see when it is not shown', () => {
    draw('textbox', { label: 'Name', showLabel: false });
    expect(field('Name')).toBeInstanceOf(HTMLElement);
  });

  test('tells of focus, of its end, and of what is selected', () => {
    const { sent, events } = draw('textbox', { value: 'abcdef' }, EVENTS);
    fireEvent.focus(field());
    fireEvent.blur(field());
    expect(events()).toEqual(['focus', 'blur']);
    field().focus();
    field().setSelectionRange(1, 3);
    sent();
    fireEvent.select(field());
    expect(sent()).toContainEqual(
      expect.objectContaining({
        name: 'select',
        data: { index: [1, 3], value: 'bc', selected: true }
      })
    );
    field().setSelectionRange(2, 2);
    sent();
    fireEvent.select(field());
    expect(events()).toEqual([]);
  });

  test('follows text that is added only while its end is in view', async () => {
    const { patch } = draw('textbox', { value: 'a', lines: 2 });
    const element = field();
    Object.defineProperties(element, {
      scrollHeight: { value: 500 },
      clientHeight: { value: 100 }
    });
    const painted = (): Promise<unknown> => new Promise(requestAnimationFrame);
    await patch({ value: 'b' });
    await painted();
    expect(element.scrollTop).toBe(500);
    element.scrollTop = 50;
    fireEvent.scroll(element);
    await patch({ value: 'c' });
    await painted();
    expect(element.scrollTop).toBe(50);
  });

  test('follows text that comes with every painting', async () => {
    const frames: FrameRequestCallback[] = [];
    const cancel = vi.spyOn(window, 'cancelAnimationFrame').mockReturnValue(undefined);
    const ask = vi.spyOn(window, 'requestAnimationFrame').mockImplementation(f => frames.push(f));
    const { patch } = draw('textbox', { value: 'a', lines: 2 });
    const element = field();
    Object.defineProperty(element, 'scrollHeight', { value: 500 });
    await patch({ value: 'b' });
    await patch({ value: 'c' });
    expect(cancel).not.toHaveBeenCalled();
    frames.forEach(frame => frame(0));
    expect(element.scrollTop).toBe(500);
    ask.mockRestore();
    cancel.mockRestore();
  });
});
