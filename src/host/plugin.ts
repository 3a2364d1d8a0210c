/** Puts our renderer into every document. */
import { PageConfig } from '@jupyterlab/coreutils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ServiceManager } from '@jupyterlab/services';

import { Ahead } from '../transport/ahead';
import { labServices, safeServices } from './lab';
import { APP_MIME } from './outputs';
import { placeOfNotebook, type Place } from './place';
import { AppRenderer } from './renderer';

/** Before the widget view, whose rank is -10. */
const RANK = -20;

/**
 * Draw apps wherever outputs are drawn. A notebook's renderers know their notebook, also in a view of an
 * output beside it; others look for what is around them.
 */
export function drawApps(
  rendermime: IRenderMimeRegistry,
  notebooks: INotebookTracker | null,
  version: string
): void {
  addTo(rendermime, null, version);
  const add = (panel: NotebookPanel): void => {
    addTo(panel.content.rendermime, placeOfNotebook(panel), version);
  };
  notebooks?.forEach(add);
  notebooks?.widgetAdded.connect((_, panel) => add(panel));
}

function addTo(rendermime: IRenderMimeRegistry, place: Place | null, version: string): void {
  const options = {
    version,
    services: labServices(rendermime),
    safeServices: safeServices(rendermime),
    place
  };
  rendermime.addFactory(
    { safe: true, mimeTypes: [APP_MIME], createRenderer: () => new AppRenderer(options) },
    RANK
  );
}

/** Options that say which document the page was asked for: in JupyterLab, in Notebook 7. */
const ASKED_FOR = ['treePath', 'notebookPath'];

/** Connect to the kernel of the document that the page was asked for, if it is likely to show apps. */
export async function connectAhead({ sessions, kernels }: ServiceManager.IManager): Promise<void> {
  const path = ASKED_FOR.map(name => PageConfig.getOption(name)).find(each => each !== '');
  if (path !== undefined) {
    await Ahead.expect(path, { sessionManager: sessions, kernelManager: kernels });
  }
}
