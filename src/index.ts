/** The plugins that JupyterLab and Notebook 7 load. */
import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import packageInfo from '../package.json';
import { labServices } from './host/lab';
import { MODULE, widgetClasses } from './host/widget';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'ipyblocks:widgets',
  description: 'Draws ipyblocks apps in the outputs of cells.',
  requires: [IJupyterWidgetRegistry, IRenderMimeRegistry],
  autoStart: true,
  activate: (
    _app: JupyterFrontEnd,
    widgets: IJupyterWidgetRegistry,
    rendermime: IRenderMimeRegistry
  ) => {
    const { version } = packageInfo;
    widgets.registerWidget({
      name: MODULE,
      version,
      exports: widgetClasses(labServices(rendermime), version) as never
    });
  }
};

export default plugin;
