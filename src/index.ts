/** The plugins that JupyterLab and Notebook 7 load. */
import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import packageInfo from '../package.json';
import { labServices } from './host/lab';
import { connectAhead, drawApps } from './host/plugin';
import { MODULE, widgetClasses } from './host/widget';

const { version } = packageInfo;

const widgets: JupyterFrontEndPlugin<void> = {
  id: 'ipyblocks:widgets',
  description: 'Draws ipyblocks apps that are part of other widgets.',
  requires: [IJupyterWidgetRegistry, IRenderMimeRegistry],
  autoStart: true,
  activate: (
    _app: JupyterFrontEnd,
    registry: IJupyterWidgetRegistry,
    rendermime: IRenderMimeRegistry
  ) => {
    registry.registerWidget({
      name: MODULE,
      version,
      exports: widgetClasses(labServices(rendermime), version) as never
    });
  }
};

const renderer: JupyterFrontEndPlugin<void> = {
  id: 'ipyblocks:renderer',
  description: 'Draws ipyblocks apps in the outputs of cells.',
  requires: [IRenderMimeRegistry],
  optional: [INotebookTracker],
  autoStart: true,
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    notebooks: INotebookTracker | null
  ) => {
    void connectAhead(app.serviceManager);
    drawApps(rendermime, notebooks, version);
  }
};

export default [widgets, renderer];
