/** What the kernel asks the browser of one page to do. */
import { act, cleanup, fireEvent, render } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Services } from '../../src/components/component';
import { App } from '../../src/host/App';
import { livePage, PAGE, welcome, type Bench } from './support';

const SERVICES = { renderMarkdown: () => Promise.resolve() } as unknown as Services;

let bench: Bench;
let seq: number;
let saved: [string, string][];

beforeEach(() => {
  bench = livePage();
  seq = 0;
  saved = [];
  let urls = 0;
  URL.createObjectURL = () => `blob:${++urls}`;
  URL.revokeObjectURL = () => undefined;
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
    this: HTMLAnchorElement
  ) {
    saved.push([this.download, this.getAttribute('href') ?? '']);
  });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  Reflect.deleteProperty(navigator, 'clipboard');
  Reflect.deleteProperty(document, 'execCommand');
});

const show = () => render(<App page={bench.page} services={SERVICES} />);

async function tell(message: object, buffers: Uint8Array[] = []): Promise<void> {
  await act(async () => {
    seq += 1;
    const content = {
      epoch: 'e1',
      acks: {},
      last: seq,
      messages: [{ page: PAGE, seq, ...message }]
    };
    bench.kernel.onPacket({ content, buffers });
    await Promise.resolve();
    await Promise.resolve();
  });
}

const toasts = (): string[] => bench.page.toasts.all.map(each => `${each.level}: ${each.message}`);

describe('copying', () => {
  const copy = (fields = {}): object => ({
    type: 'copyText',
    text: 'a\nb',
    successMessage: null,
    errorMessage: null,
    ...fields
  });

  function clipboard(writeText: (text: string) => Promise<void>): void {
    Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
  }

  function command(run: () => boolean): void {
    Object.defineProperty(document, 'execCommand', { value: run, configurable: true });
  }

  test('puts the text into the clipboard and says so', async () => {
    show();
    const written = vi.fn(() => Promise.resolve());
    clipboard(written);
    await tell(copy());
    await tell(copy({ successMessage: 'Two rows.' }));
    expect(written.mock.calls).toEqual([['a\nb'], ['a\nb']]);
    expect(toasts()).toEqual(['success: Copied to the clipboard.', 'success: Two rows.']);
  });

  test('works without https, and gives the focus back', async () => {
    const { container } = show();
    const field = container.querySelector('input, textarea') as HTMLElement;
    field.focus();
    let selected = '';
    command(() => {
      const area = document.activeElement as HTMLTextAreaElement;
      selected = area.value.slice(area.selectionStart, area.selectionEnd);
      return true;
    });
    await tell(copy());
    expect(selected).toBe('a\nb');
    expect(toasts()).toEqual(['success: Copied to the clipboard.']);
    expect(document.activeElement).toBe(field);
    expect(document.querySelectorAll('body > textarea')).toHaveLength(0);
  });

  test('that is not allowed says so', async () => {
    show();
    clipboard(() => Promise.reject(new Error('NotAllowedError')));
    command(() => false);
    await tell(copy());
    await tell(copy({ errorMessage: 'Select it yourself.' }));
    expect(toasts()).toEqual([
      'error: The browser did not allow to copy to the clipboard.',
      'error: Select it yourself.'
    ]);
  });
});

describe('downloads', () => {
  const file = (content: object): object => ({
    type: 'saveFile',
    name: 'a.csv',
    mimeType: 'text/csv',
    content
  });

  test('of few bytes are saved at once', async () => {
    show();
    await tell(file({ $buffer: 0, mimeType: 'text/csv' }), [new Uint8Array([97])]);
    expect(saved).toEqual([['a.csv', 'blob:1']]);
    expect(toasts()).toEqual([]);
  });

  const large = { $blob: 7, size: 300_000, mimeType: 'text/csv' };
  const part = (offset: number, size: number): object => ({
    type: 'part',
    seq: 0,
    blob: 7,
    offset,
    chunk: size === 0 ? null : { $buffer: 0, mimeType: '' }
  });

  test('of many are fetched, and say how far they are', async () => {
    show();
    await tell(file(large));
    expect(toasts()).toEqual(['info: Downloading 0.3 MB, 0 % …']);
    expect(bench.sent()).toMatchObject([{ type: 'fetch', blob: 7, offset: 0, count: 2 }]);
    await tell(part(0, 1), [new Uint8Array(262_144)]);
    expect(toasts()).toEqual(['info: Downloading 0.3 MB, 87 % …']);
    expect(saved).toEqual([]);
    await tell(part(262_144, 1), [new Uint8Array(37_856)]);
    expect(saved).toEqual([['a.csv', 'blob:1']]);
    expect(toasts()).toEqual([]);
    expect(bench.page.files.downloads.size).toBe(0);
  });

  test('that the kernel has no more say so', async () => {
    show();
    await tell(file(large));
    await tell(part(0, 0));
    expect(saved).toEqual([]);
    expect(toasts()).toEqual(['error: The download was cut off: the app has been closed.']);
  });

  test('without content are none', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    show();
    await tell(file([]));
    expect(saved).toEqual([]);
    expect(warn).toHaveBeenCalledOnce();
  });
});

describe('addresses', () => {
  const open = (url: string): object => ({ type: 'openUrl', url });

  test('are opened in a tab that knows nothing of this one', async () => {
    show();
    const tab = { opener: window, location: { replace: vi.fn() } };
    vi.stubGlobal(
      'open',
      vi.fn(() => tab)
    );
    window.open = globalThis.open;
    await tell(open('https://example.org/a'));
    await tell(open('files/a.html'));
    expect(tab.opener).toBeNull();
    expect(tab.location.replace.mock.calls).toEqual([
      ['https://example.org/a'],
      [new URL('files/a.html', document.baseURI).href]
    ]);
    expect(toasts()).toEqual([]);
  });

  test('that the browser blocks become a link', async () => {
    const { getByText, queryByText } = show();
    window.open = () => null;
    await tell(open('https://example.org/a'));
    const link = getByText('Open example.org') as HTMLAnchorElement;
    expect([link.href, link.target, link.rel]).toEqual([
      'https://example.org/a',
      '_blank',
      'noopener noreferrer'
    ]);
    link.addEventListener('click', event => event.preventDefault());
    fireEvent.click(link);
    expect(queryByText('Open example.org')).toBeNull();
  });

  test('of mail open no tab', async () => {
    show();
    window.open = vi.fn(() => null);
    await tell(open('mailto:someone@example.org'));
    expect(saved).toEqual([['', 'mailto:someone@example.org']]);
    expect(window.open).not.toHaveBeenCalled();
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', 'file:///a', 'https://'])(
    'that are none of the web are not opened: %s',
    async url => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      show();
      window.open = vi.fn(() => null);
      await tell(open(url));
      expect(window.open).not.toHaveBeenCalled();
      expect(toasts()).toEqual([]);
      expect(warn).toHaveBeenCalledOnce();
    }
  );
});

describe('who does it', () => {
  const wish = { type: 'openUrl', url: 'https://example.org' };

  test('the page that is named', async () => {
    show();
    window.open = vi.fn(() => null);
    await tell({ ...wish, page: 'page-2' });
    expect(window.open).not.toHaveBeenCalled();
    await tell(wish);
    expect(window.open).toHaveBeenCalledOnce();
  });

  test('once, whatever is sent again', async () => {
    show();
    window.open = vi.fn(() => null);
    await tell(wish);
    seq -= 1;
    await tell(wish);
    bench.deliver([welcome({ seq: 1 })], 2);
    expect(window.open).toHaveBeenCalledOnce();
  });

  test('one view of several; and no picture', async () => {
    window.open = vi.fn(() => null);
    const picture = render(<App page={bench.page} services={SERVICES} picture="Not trusted." />);
    await tell(wish);
    expect(window.open).not.toHaveBeenCalled();
    picture.unmount();
    show();
    const second = show();
    await tell(wish);
    expect(window.open).toHaveBeenCalledOnce();
    second.unmount();
    await tell(wish);
    expect(window.open).toHaveBeenCalledTimes(2);
  });
});
