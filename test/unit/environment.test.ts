import { expect, test } from 'vitest';

// What jsdom lacks and the page counts on: see environment.ts.
test.each([
  'DragEvent',
  'IntersectionObserver',
  'PointerEvent',
  'ResizeObserver',
  'matchMedia',
  'requestAnimationFrame'
])('the environment has %s', name => {
  expect(globalThis).toHaveProperty(name, expect.any(Function));
});

test('the environment has a whole crypto', () => {
  expect(crypto.subtle).toBeDefined();
  expect(crypto.randomUUID()).toMatch(/^[0-9a-f-]{36}$/);
});

test('Lumino and the widget base load', async () => {
  const { Widget } = await import('@lumino/widgets');
  const { DOMWidgetModel } = await import('@jupyter-widgets/base');
  expect(new Widget().node).toBeInstanceOf(HTMLElement);
  expect(DOMWidgetModel).toBeTypeOf('function');
});

test('React draws into the document', async () => {
  const { render, screen } = await import('@testing-library/react');
  const { createElement } = await import('react');
  render(createElement('button', null, 'Run'));
  expect(screen.getByRole('button', { name: 'Run' })).toBeInstanceOf(HTMLButtonElement);
});
