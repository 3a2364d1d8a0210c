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

/** Connect to the kernel of the document that the page was asked for, if it is likely to show apps. */
export async function connectAhead({ sessions, kernels }: Managers): Promise<void> {
  try {
    await Ahead.expect(askedFor(), { sessionManager: sessions, kernelManager: kernels });
  } catch {
    // nothing depends on it but speed
  }
}

type Managers = Pick<ServiceManager.IManager, 'sessions' | 'kernels'>;

/** The path of the document that the page was asked for; empty when there is none. */
function askedFor(): string {
  // Notebook 7 has it in its address alone.
  const address = /\/notebooks\/(.+)$/.exec(location.pathname)?.[1] ?? '';
  return PageConfig.getOption('treePath') || decodeURIComponent(address);
}
