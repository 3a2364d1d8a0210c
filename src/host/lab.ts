/** What JupyterLab and Notebook 7 offer to components. */
import { MimeModel, type IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import type { Services } from '../components/component';

const MARKDOWN = 'text/markdown';

/** Services on JupyterLab's renderers. */
export function labServices(rendermime: IRenderMimeRegistry): Services {
  return {
    async renderMarkdown(source, trusted, into) {
      const renderer = rendermime.createRenderer(MARKDOWN);
      await renderer.renderModel(new MimeModel({ data: { [MARKDOWN]: source }, trusted }));
      // Typesetting of formulas happens on attach, for an element that is in the document.
      const stale = [...into.childNodes];
      MessageLoop.sendMessage(renderer, Widget.Msg.BeforeAttach);
      into.append(renderer.node);
      MessageLoop.sendMessage(renderer, Widget.Msg.AfterAttach);
      stale.forEach(node => node.remove());
    }
  };
}
