import { act } from '@testing-library/react';
import { describe, expect, test } from 'vitest';

import type { Services } from '../../src/components/component';
import { prepare } from '../../src/components/Markdown';
import { defaults, type Props } from '../../src/protocol/props';
import type { Json } from '../../src/protocol/wire';
import { draw } from './drawing';

type MarkdownProps = Props['markdown'];

/** A renderer that takes as long as the test says. */
class Renderer {
  readonly asked: string[] = [];
  readonly services = {
    renderMarkdown: (source: string, trusted: boolean, into: HTMLElement) => {
      this.asked.push(trusted ? `trusted ${source}` : source);
      return new Promise<void>((resolve, reject) => {
        this.ends.push(error => {
          if (error === undefined) {
            into.textContent = `<${source}>`;
            resolve();
          } else {
            reject(error);
          }
        });
      });
    }
  } as unknown as Services;

  /** Let the rendering that has begun first come to its end. */
  async end(error?: Error): Promise<void> {
    await act(async () => {
      this.ends.shift()?.(error);
      await new Promise(resolve => setImmediate(resolve));
    });
  }

  private readonly ends: ((error?: Error) => void)[] = [];
}

async function drawn(renderer: Renderer, props: Record<string, Json>) {
  const view = draw('markdown', props, [], renderer.services);
  await act(async () => Promise.resolve());
  return view;
}

describe('rendering', () => {
  test('an older one never replaces a newer, and those between are left out', async () => {
    const renderer = new Renderer();
    const { container, patch } = await drawn(renderer, { value: 'one' });
    await patch({ value: 'two' });
    await patch({ value: 'three' });
    expect(renderer.asked).toEqual(['one']);
    await renderer.end();
    expect(renderer.asked).toEqual(['one', 'three']);
    // what is there stays until there is something better
    expect(container.textContent).toContain('<one>');
    await renderer.end();
    expect(container.textContent).toContain('<three>');
    expect(renderer.asked).toEqual(['one', 'three']);
  });

  test('one that fails leaves the words, and the next is tried', async () => {
    const renderer = new Renderer();
    const { container, patch } = await drawn(renderer, { value: '*one*' });
    await renderer.end(new Error('no renderer'));
    expect(container.textContent).toContain('*one*');
    await patch({ value: 'two' });
    await renderer.end();
    expect(container.textContent).toContain('<two>');
  });

  test('is not done again for a change of something else', async () => {
    const renderer = new Renderer();
    const { patch } = await drawn(renderer, { value: 'one' });
    await renderer.end();
    await patch({ label: 'L', height: 100 });
    expect(renderer.asked).toEqual(['one']);
  });

  test('trusts HTML only when the app says so', async () => {
    const renderer = new Renderer();
    await drawn(renderer, { value: 'one', sanitizeHtml: false });
    expect(renderer.asked).toEqual(['trusted one']);
  });

  test('that ends after the component is gone harms nothing', async () => {
    const renderer = new Renderer();
    const { patch, unmount } = await drawn(renderer, { value: 'one' });
    await patch({ value: 'two' });
    unmount();
    await renderer.end();
    expect(renderer.asked).toEqual(['one']);
  });
});

describe('the source', () => {
  const prepared = (changes: Partial<MarkdownProps>): string =>
    prepare({ ...defaults.markdown, ...changes });
  const dollars = [
    { left: '$$', right: '$$', display: true },
    { left: '$', right: '$', display: false }
  ];

  test.each<[string, Partial<MarkdownProps>, string]>([
    ['is left alone', { value: 'a\nb $x$' }, 'a\nb $x$'],
    ['gets hard breaks', { value: 'a\nb\n\nc', lineBreaks: true }, 'a  \nb\n\nc'],
    [
      'gets none in code',
      { value: 'a\nb\n```\nx\ny\n```\nc', lineBreaks: true },
      'a  \nb\n```\nx\ny\n```\nc'
    ],
    ['keeps dollars as delimiters', { value: '$$x$$ $y$', latexDelimiters: dollars }, '$$x$$ $y$'],
    [
      'has others translated',
      {
        value: '\\[x\\] \\(y\\)',
        latexDelimiters: [
          { left: '\\[', right: '\\]', display: true },
          { left: '\\(', right: '\\)', display: false }
        ]
      },
      '$$x$$ $y$'
    ],
    [
      'has other dollars escaped',
      { value: 'costs $5 or $6', latexDelimiters: [] },
      'costs \\$5 or \\$6'
    ],
    ['has a lone delimiter escaped', { value: 'costs $5', latexDelimiters: dollars }, 'costs \\$5']
  ])('%s', (_name, props, wanted) => expect(prepared(props)).toBe(wanted));
});
