/** Does in the browser what the kernel asks for: the clipboard, downloads, new tabs. */
import { useEffect } from 'react';

import {
  Binary,
  BlobReference,
  type CopyText,
  type OpenUrl,
  type SaveFile
} from '../protocol/wire';
import type { Effect } from '../store/effects';
import type { Page } from '../store/page';

/** Seconds that a message stays which only says that something is done. */
const BRIEFLY = 4;
/** Milliseconds after which a browser has begun to save what it was given. */
const SAVED_BY = 60_000;
/** What an address may begin with; the kernel's rule is in `runtime/effects.py`. */
const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

/**
 * Let the kernel's wishes be done while a view is there.
 *
 * @param isPicture - The view only shows what a notebook has kept.
 */
export function useEffects(page: Page, isPicture: boolean): void {
  useEffect(
    () => (isPicture ? undefined : page.effects.attach(effect => run(page, effect))),
    [page, isPicture]
  );
}

function run(page: Page, effect: Effect): void {
  switch (effect.type) {
    case 'copyText':
      void copyText(page, effect);
      break;
    case 'saveFile':
      saveFile(page, effect);
      break;
    case 'openUrl':
      openUrl(page, effect);
      break;
    default:
      effect satisfies never;
  }
}

async function copyText(
  page: Page,
  { text, successMessage, errorMessage }: CopyText
): Promise<void> {
  const isDone = (await written(text)) || copiedBySelection(text);
  page.toasts.show({
    level: isDone ? 'success' : 'error',
    title: '',
    message: isDone
      ? (successMessage ?? 'Copied to the clipboard.')
      : (errorMessage ?? 'The browser did not allow to copy to the clipboard.'),
    duration: isDone ? BRIEFLY : null
  });
}

/** On a page that came without https there is no clipboard at all. */
async function written(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The way of copying that needs no https. */
function copiedBySelection(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.style.cssText = 'position: fixed; top: 0; opacity: 0;';
  document.body.append(area);
  area.focus({ preventScroll: true });
  area.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    area.remove();
    (before as HTMLElement | null)?.focus({ preventScroll: true });
  }
}

function saveFile(page: Page, { name, mimeType, content }: SaveFile): void {
  if (content instanceof Binary) {
    save(new Blob([content.data], { type: mimeType }), name);
  } else if (content instanceof BlobReference) {
    fetchAndSave(page, content, name);
  } else {
    console.warn(`ipyblocks: ${name} came without content.`);
  }
}

/** A large file comes piece by piece, and takes its time. */
function fetchAndSave(page: Page, reference: BlobReference, name: string): void {
  const { toasts } = page;
  const { downloads } = page.files;
  const key = `download ${reference.blob}`;
  const size = `${(reference.size / 1e6).toFixed(1)} MB`;
  const say = (level: 'info' | 'error', message: string): void =>
    toasts.show({ level, title: name, message, duration: null, key });
  let stop = (): void => undefined;
  const look = (): void => {
    const { blob, gone, share } = downloads.state(reference);
    if (blob !== null) {
      toasts.take(key);
      save(blob, name);
    } else if (gone) {
      say('error', 'The download was cut off: the app has been closed.');
    } else {
      say('info', `Downloading ${size}, ${Math.floor(share * 100)} % …`);
      return;
    }
    stop();
  };
  stop = downloads.watch(reference, look);
  look();
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), SAVED_BY);
}

function openUrl(page: Page, { url }: OpenUrl): void {
  const address = addressOf(url);
  if (address === null) {
    console.warn(`ipyblocks: ${url} is not opened: it is no page of the web.`);
  } else if (address.protocol === 'mailto:') {
    const link = document.createElement('a');
    link.href = address.href;
    link.click();
  } else if (!isOpened(address.href)) {
    page.toasts.show({
      level: 'warning',
      title: '',
      message: 'The browser has blocked a new tab.',
      duration: null,
      link: { href: address.href, text: `Open ${address.host}` }
    });
  }
}

function addressOf(url: string): URL | null {
  try {
    const address = new URL(url, document.baseURI);
    return SCHEMES.has(address.protocol) ? address : null;
  } catch {
    return null;
  }
}

/** With `noopener` nobody would be told whether it was blocked, so the tab is cut off before it is used. */
function isOpened(href: string): boolean {
  const tab = window.open('', '_blank');
  if (tab === null) {
    return false;
  }
  tab.opener = null;
  tab.location.replace(href);
  return true;
}
