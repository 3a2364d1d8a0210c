/** Images and HTML at the page: choosing, sending, showing, and what goes wrong in words. */
import { act, createEvent, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { pixelAt } from '../../src/components/Image';
import { Binary, UploadReference, type BlobId, type Json } from '../../src/protocol/wire';
import { draw, type Drawn } from './drawing';
import { node } from './support';

const BYTES = new Binary(new Uint8Array([1, 2, 3]), 'image/png', 'cat.png');

/** What each object URL stands for; revoked ones are gone. */
const urls = new Map<string, Blob>();

beforeEach(() => {
  let count = 0;
  URL.createObjectURL = blob => {
    const url = `blob:${(count += 1)}`;
    urls.set(url, blob as Blob);
    return url;
  };
  URL.revokeObjectURL = url => void urls.delete(url);
  // jsdom has neither of these.
  Blob.prototype.arrayBuffer = function () {
    return new Promise(resolve => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result as ArrayBuffer);
      reader.readAsArrayBuffer(this);
    });
  };
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

afterEach(() => {
  urls.clear();
  Reflect.deleteProperty(navigator, 'mediaDevices');
  Reflect.deleteProperty(navigator, 'clipboard');
});

const file = (name = 'cat.png', type = 'image/png'): File => new File(['abc'], name, { type });
const picture = (): HTMLImageElement => screen.getByRole('img');
const shownFile = (): Blob | undefined => urls.get(picture().src);
const button = (name: string): HTMLElement => screen.getByRole('button', { name });

/** Draw an image; bytes are handed over without their way over the wire. */
function drawImage({ value, ...props }: Readonly<Record<string, Json>> = {}): Drawn {
  const events = ['upload', 'clear', 'input', 'select'];
  const view = draw('image', { label: 'Cat', ...props }, events);
  if (value instanceof Binary) {
    give(view, value);
  }
  return view;
}

function give(view: Drawn, value: Binary): void {
  act(() => {
    view.bench.page.store.patch([{ node: node(1), props: { value } }]);
    view.bench.clock.frame();
  });
}

function choose(view: Drawn, chosen: File): void {
  const input = view.container.querySelector('input[type=file]')!;
  fireEvent.change(input, { target: { files: [chosen] } });
}

/** Wait until the page, which may have to read a file first, has sent messages of these types and no others. */
async function sends(view: Drawn, ...types: string[]): Promise<Sent[]> {
  const found: Sent[] = [];
  await waitFor(() => {
    found.push(...(view.sent() as Sent[]));
    expect(found.map(({ type }) => type)).toEqual(types);
  });
  return found;
}

/** Give what must not happen the time to happen. */
const idle = (): Promise<void> => act(() => new Promise<void>(resolve => setTimeout(resolve, 20)));

/** The kernel's answer to the pieces of the first file. */
const received = (state: string, message: string | null = null) => ({
  type: 'received',
  seq: 0,
  page: 'page-1',
  upload: 1,
  received: 3,
  state,
  message
});

/** Beside the count, which `deliver` goes on with. */
const answer = (view: Drawn, message: object): Promise<void> =>
  act(async () => {
    view.bench.deliver([{ ...message }]);
    await Promise.resolve();
  });

interface Sent {
  readonly type: string;
  readonly props?: { readonly value: unknown };
}

// --- choosing and sending --------------------------------------------------------------------------

test('a chosen file is shown at once, sent, and then the value', async () => {
  const view = drawImage();
  const cat = file();
  choose(view, cat);
  await waitFor(() => expect(shownFile()).toBe(cat));
  await sends(view, 'upload', 'piece');
  expect(screen.getByRole('progressbar', { name: 'Sending the image' })).toBeTruthy();
  await answer(view, received('whole'));
  const [set] = await sends(view, 'set', 'event', 'event');
  expect(set?.props?.value).toEqual({ $upload: 1 });
  expect(view.bench.value(1)).toBeInstanceOf(UploadReference);
  await view.deliver({ type: 'patch', updates: [] });
  expect(view.events()).toEqual([]);
  expect(shownFile()).toBe(cat);
  expect(screen.queryByRole('progressbar')).toBeNull();
});

test('what the kernel says of a file is shown in its place', async () => {
  const view = drawImage({ value: BYTES });
  fireEvent.drop(view.container.querySelector('.ib-Image-stage')!, {
    dataTransfer: { files: [file('b.png')] }
  });
  await sends(view, 'upload', 'piece');
  await answer(view, received('refused', 'b.png is no image.'));
  await waitFor(() =>
    expect(screen.getByRole('alert').textContent).toContain('b.png is no image.')
  );
  expect(shownFile()?.size).toBe(3);
  expect(view.bench.value(1)).toBe(BYTES);
  expect(view.bench.page.toasts.all).toHaveLength(0);
  fireEvent.click(button('Dismiss'));
  expect(screen.queryByRole('alert')).toBeNull();
});

test('a second file takes the place of the first, which is taken back once it is announced', async () => {
  const view = drawImage();
  choose(view, file('a.png'));
  await sends(view, 'upload', 'piece');
  fireEvent.drop(view.container.querySelector('.ib-Image-stage')!, {
    dataTransfer: { files: [file('b.png')] }
  });
  expect(await sends(view, 'upload', 'abandon', 'piece')).toMatchObject([
    { type: 'upload', upload: 2 },
    { type: 'abandon', upload: 1 },
    { type: 'piece', upload: 2 }
  ]);
});

test('a large image is fetched; until it is whole the former one is shown', async () => {
  const view = drawImage({ value: BYTES });
  await waitFor(() => expect(shownFile()?.size).toBe(3));
  const before = picture().src;
  const value = { $blob: 7, size: 6, mimeType: 'image/png', name: 'big.png' };
  await view.deliver({ type: 'patch', updates: [{ node: 1, props: { value } }] });
  expect(view.sent()).toMatchObject([{ type: 'fetch', seq: 0, blob: 7, offset: 0 }]);
  expect(screen.getByRole('progressbar', { name: 'Getting the image' })).toBeTruthy();
  expect(picture().src).toBe(before);
  act(() =>
    view.bench.page.files.take({
      type: 'part',
      seq: 0,
      page: view.bench.page.id,
      blob: 7 as BlobId,
      offset: 0,
      chunk: new Binary(new Uint8Array(6), '')
    })
  );
  await waitFor(() => expect(shownFile()).toMatchObject({ size: 6, name: 'big.png' }));
  expect(screen.queryByRole('progressbar')).toBeNull();
  expect(urls.has(before)).toBe(false);
});

test.each([false, true])(
  'a large image that cannot be had any more (interactive: %s)',
  async interactive => {
    const value = { $blob: 7, size: 6, mimeType: 'image/png', name: 'big.png' };
    const view = drawImage({ interactive });
    await view.deliver({ type: 'patch', updates: [{ node: 1, props: { value } }] });
    act(() =>
      view.bench.page.files.take({
        type: 'part',
        seq: 0,
        page: view.bench.page.id,
        blob: 7 as BlobId,
        offset: 0,
        chunk: null
      })
    );
    expect(screen.getByText('This picture is not available any more.')).toBeTruthy();
    expect(screen.queryByRole('progressbar')).toBeNull();
    expect(screen.queryAllByText('Choose a file')).toHaveLength(interactive ? 1 : 0);
  }
);

test('a file that says it is something else is not sent', async () => {
  const view = drawImage();
  choose(view, file('notes.txt', 'text/plain'));
  await waitFor(() =>
    expect(screen.getByRole('alert').textContent).toContain('notes.txt is not an image.')
  );
  await idle();
  expect(view.sent()).toEqual([]);
});

test('cancelling forgets the file', async () => {
  const view = drawImage();
  choose(view, file());
  await sends(view, 'upload', 'piece');
  fireEvent.click(button('Cancel'));
  expect(button('Choose a file')).toBeTruthy();
  expect(view.sent()).toMatchObject([{ type: 'abandon', upload: 1 }]);
  await view.deliver({ type: 'patch', updates: [] });
  await idle();
  expect(view.bench.value(1)).toBeNull();
});

test('files can be pasted; text is left to others', async () => {
  const view = drawImage();
  const stage = view.container.querySelector('.ib-Image-stage')!;
  const text = createEvent.paste(stage, { clipboardData: { files: [] } });
  fireEvent(stage, text);
  expect(text.defaultPrevented).toBe(false);
  fireEvent.paste(stage, { clipboardData: { files: [file()] } });
  await sends(view, 'upload', 'piece');
});

test('the paste button takes the first image, or says why not', async () => {
  const item = (type: string): object => ({
    types: [type],
    getType: () => Promise.resolve(file('', type))
  });
  const read = vi.fn();
  Object.defineProperty(navigator, 'clipboard', { value: { read }, configurable: true });
  const view = drawImage();
  read.mockResolvedValueOnce([item('text/plain')]);
  fireEvent.click(button('Paste'));
  await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('no image on the'));
  read.mockRejectedValueOnce(new DOMException('', 'NotAllowedError'));
  fireEvent.click(button('Paste'));
  await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('Ctrl+V'));
  read.mockResolvedValueOnce([item('text/plain'), item('image/png')]);
  fireEvent.click(button('Paste'));
  await sends(view, 'upload', 'piece');
});

test('files held over it show where they would go', () => {
  const view = drawImage();
  const stage = view.container.querySelector('.ib-Image-stage')!;
  fireEvent.dragOver(stage, { dataTransfer: { types: ['text/plain'] } });
  expect(stage.className).not.toContain('ib-is-over');
  fireEvent.dragOver(stage, { dataTransfer: { types: ['Files'] } });
  expect(stage.className).toContain('ib-is-over');
  fireEvent.dragLeave(stage);
  expect(stage.className).not.toContain('ib-is-over');
});

test.each([
  [['upload'], ['Choose a file']],
  [['clipboard'], ['Paste']],
  [['webcam'], ['Use the camera']],
  [
    ['upload', 'webcam', 'clipboard'],
    ['Choose a file', 'Paste', 'Use the camera']
  ]
])('sources %j offer %j', (sources, names) => {
  drawImage({ sources });
  expect(screen.getAllByRole('button').map(each => each.textContent)).toEqual(names);
});

test('an app may say in its own words what to choose', () => {
  drawImage({ placeholder: '# Your cat\nas a portrait' });
  expect(screen.getByText('Your cat').tagName).toBe('STRONG');
  expect(screen.getByText('as a portrait').tagName).toBe('SPAN');
});

// --- the camera ------------------------------------------------------------------------------------

test.each([
  ['NotAllowedError', 'may not use the camera'],
  ['NotFoundError', 'No camera was found'],
  ['NotReadableError', 'another program'],
  [null, 'must come over https']
])('a camera that fails with %s says so', async (name, words) => {
  if (name !== null) {
    const getUserMedia = (): Promise<never> => Promise.reject(new DOMException('', name));
    Object.defineProperty(navigator, 'mediaDevices', {
      value: { getUserMedia },
      configurable: true
    });
  }
  drawImage();
  fireEvent.click(button('Use the camera'));
  await waitFor(() => expect(screen.getByRole('alert').textContent).toContain(words));
  expect(button('Try again')).toBeTruthy();
  fireEvent.click(button('Cancel'));
  expect(button('Use the camera')).toBeTruthy();
});

test('the camera is let go, however late it comes', async () => {
  const stop = vi.fn();
  let give: (stream: object) => void = () => undefined;
  const stream = new Promise<object>(resolve => (give = resolve));
  Object.defineProperty(navigator, 'mediaDevices', {
    value: { getUserMedia: () => stream },
    configurable: true
  });
  drawImage();
  fireEvent.click(button('Use the camera'));
  fireEvent.click(button('Cancel'));
  give({ getTracks: () => [{ stop }] });
  await waitFor(() => expect(stop).toHaveBeenCalledOnce());
});

// --- showing ---------------------------------------------------------------------------------------

test('a value can be downloaded, shown large and removed', () => {
  const view = drawImage({ value: BYTES });
  expect(picture().alt).toBe('Cat');
  const link = screen.getByRole('link', { name: 'Download' });
  expect(link.getAttribute('download')).toBe('cat.png');
  expect(link.getAttribute('href')).toBe(picture().src);
  fireEvent.click(button('Show large'));
  const dialog = screen.getByRole('dialog', { name: 'Cat' });
  fireEvent.click(button('Close'));
  expect(dialog.isConnected).toBe(false);
  fireEvent.click(button('Remove'));
  expect(view.bench.value(1)).toBeNull();
  expect(screen.queryByRole('img')).toBeNull();
});

test('removing fires clear after the value is gone', async () => {
  const view = drawImage({ value: BYTES });
  fireEvent.click(button('Remove'));
  await view.deliver({ type: 'patch', updates: [] });
  const sent = view.sent() as (Sent & { name?: string })[];
  expect(sent.map(({ type, name }) => name ?? type)).toEqual(['set', 'input', 'clear']);
});

test('an output offers nothing to choose', () => {
  drawImage({ interactive: false });
  expect(screen.getByText('No image yet')).toBeTruthy();
  expect(screen.queryByRole('button')).toBeNull();
});

test('a removed download button is not there', () => {
  drawImage({ value: BYTES, interactive: false, showDownloadButton: false });
  expect(screen.queryByRole('link')).toBeNull();
  expect(screen.queryByRole('button', { name: 'Remove' })).toBeNull();
});

test('an image that the browser cannot draw says so, and the next one is drawn', () => {
  const view = drawImage({ value: BYTES });
  fireEvent.error(picture());
  expect(view.container.textContent).toContain('cat.png: this browser cannot draw it');
  give(view, new Binary(new Uint8Array([4]), 'image/png'));
  expect(picture()).toBeTruthy();
});

test('addresses of images that are gone are given back', () => {
  const view = drawImage({ value: BYTES });
  give(view, new Binary(new Uint8Array([4]), 'image/png'));
  expect(urls.size).toBe(1);
  view.unmount();
  expect(urls.size).toBe(0);
});

function sized(width: number, height: number, box: readonly [number, number]): HTMLImageElement {
  const image = document.createElement('img');
  Object.defineProperties(image, {
    naturalWidth: { value: width },
    naturalHeight: { value: height }
  });
  image.getBoundingClientRect = () => new DOMRect(10, 20, box[0], box[1]);
  return image;
}

beforeEach(() => {
  globalThis.DOMRect ??= class {
    constructor(
      readonly left: number,
      readonly top: number,
      readonly width: number,
      readonly height: number
    ) {}
  } as unknown as typeof DOMRect;
});

test.each([
  ['its own size', [100, 50], [100, 50], [10, 20], [0, 0]],
  ['its last pixel', [100, 50], [100, 50], [109.9, 69.9], [99, 49]],
  ['half its size', [100, 50], [50, 25], [35, 32.6], [50, 25]],
  ['room at its sides', [100, 100], [200, 100], [110, 70], [50, 50]],
  ['beside it', [100, 100], [200, 100], [20, 70], null],
  ['room above', [100, 100], [100, 300], [60, 21], null]
])('the pixel of an image in %s', (_where, natural, box, [x, y], expected) => {
  const image = sized(natural[0]!, natural[1]!, box as [number, number]);
  expect(pixelAt(image, x!, y!)).toEqual(expected);
});

test('a press tells its pixel', () => {
  const view = drawImage({ value: BYTES, interactive: false });
  const image = picture();
  Object.defineProperties(image, { naturalWidth: { value: 4 }, naturalHeight: { value: 4 } });
  image.getBoundingClientRect = () => new DOMRect(0, 0, 40, 40);
  fireEvent.click(image, { clientX: 25, clientY: 5 });
  expect(view.sent()).toMatchObject([
    { type: 'event', name: 'select', data: { index: [2, 0], value: null, selected: true } }
  ]);
});

// --- HTML ------------------------------------------------------------------------------------------

test('HTML is shown as it is, its scripts do not run, its links open outside', async () => {
  const value =
    '<b>bold</b><script>window.ran = 1</script>' +
    '<a href="https://a.org">out</a><a href="#b">down</a><a href="c" target="_self">here</a>';
  const view = draw('html', { value });
  expect(view.container.querySelector('b')?.textContent).toBe('bold');
  expect('ran' in window).toBe(false);
  const targets = (): (string | null)[] =>
    [...view.container.querySelectorAll('a')].map(link => link.getAttribute('target'));
  expect(targets()).toEqual(['_blank', null, '_self']);
  expect(view.container.querySelector('a')?.rel).toBe('noopener noreferrer');
  await view.patch({ value: '<a href="https://b.org">new</a>' });
  expect(targets()).toEqual(['_blank']);
});

test('HTML keeps its elements while other props change', async () => {
  const view = draw('html', { value: '<input value="a">' });
  const input = view.container.querySelector('input')!;
  await view.patch({ padding: true });
  expect(view.container.querySelector('input')).toBe(input);
});

test('HTML in a card has its label', () => {
  const view = draw('html', { value: 'x', container: true, label: 'Report', minHeight: 40 });
  const root = view.container.querySelector<HTMLElement>('.ib-HTML')!;
  expect(root.className).toContain('ib-card');
  expect(root.style.minHeight).toBe('40px');
  expect(screen.getByText('Report')).toBeTruthy();
});
