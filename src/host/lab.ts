/** What JupyterLab and Notebook 7 offer to components. */
import { MimeModel, type IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import type { Services } from '../components/component';

const MARKDOWN = 'text/markdown';

/** Services on JupyterLab's renderers. */
export function labServices(rendermime: IRenderMimeRegistry): Services {
  return {
    renderMarkdown: (source, trusted, into) =>
      drawMarkdown(rendermime.createRenderer(MARKDOWN), source, trusted, into)
  };
}

/**
 * Services for an app that nobody vouches for: what could run code is removed, and what would be fetched
 * from anywhere. Formulas stay as they are written: their language has styles.
 */
export function safeServices(rendermime: IRenderMimeRegistry): Services {
  const sanitize: IRenderMime.ISanitizer['sanitize'] = (html, options) =>
    withoutFetches(rendermime.sanitizer.sanitize(html, options));
  return {
    async renderMarkdown(source, _trusted, into) {
      const renderer = rendermime.getFactory(MARKDOWN)?.createRenderer({
        mimeType: MARKDOWN,
        sanitizer: { sanitize, allowNamedProperties: false, allowCommandLinker: false },
        resolver: null,
        linkHandler: null,
        latexTypesetter: null,
        markdownParser: rendermime.markdownParser
      });
      if (renderer === undefined) {
        into.textContent = source;
      } else {
        await drawMarkdown(renderer, source, false, into);
      }
    },
    sanitize: html => sanitize(html)
  };
}

async function drawMarkdown(
  renderer: IRenderMime.IRenderer,
  source: string,
  trusted: boolean,
  into: HTMLElement
): Promise<void> {
  await renderer.renderModel(new MimeModel({ data: { [MARKDOWN]: source }, trusted }));
  // Typesetting of formulas happens on attach, for an element that is in the document.
  const stale = [...into.childNodes];
  MessageLoop.sendMessage(renderer, Widget.Msg.BeforeAttach);
  into.append(renderer.node);
  MessageLoop.sendMessage(renderer, Widget.Msg.AfterAttach);
  stale.forEach(node => node.remove());
}

/** Elements that fetch, or whose content does. */
const FETCHERS =
  'style, link, meta, base, iframe, frame, object, embed, audio, video, source, track';

/** Attributes whose address is fetched; of a link it is not. */
const ADDRESSES = ['src', 'srcset', 'poster', 'background', 'data', 'href', 'xlink:href', 'ping'];

/** HTML without anything that would be fetched; pictures that are in the text itself stay. */
export function withoutFetches(html: string): string {
  // A parsed document that is shown nowhere fetches nothing.
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  body.querySelectorAll(FETCHERS).forEach(element => element.remove());
  for (const element of body.querySelectorAll('*')) {
    for (const name of ADDRESSES) {
      const isLink = name === 'href' && element.tagName === 'A';
      if (!isLink && !/^data:image\//i.test(element.getAttribute(name)?.trim() ?? '')) {
        element.removeAttribute(name);
      }
    }
    // A backslash may spell what is looked for here.
    if (/[\\(@]/.test(element.getAttribute('style') ?? '')) {
      element.removeAttribute('style');
    }
  }
  return body.innerHTML;
}
