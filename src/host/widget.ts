/** The widget that a cell shows: a model that stores, and a view that draws. */
import { DOMWidgetModel, DOMWidgetView } from '@jupyter-widgets/base';
import { createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';

import type { Services } from '../components/component';
import type { Packet } from '../protocol/codec';
import { Page } from '../store/page';
import { WidgetTransport } from '../transport/widget';
import { App } from './App';
import { installComponentStyle } from './style';

/** Name under which the kernel asks for these classes. */
export const MODULE = 'ipyblocks';

interface SavedSnapshot {
  readonly content?: unknown;
  readonly buffers?: readonly ArrayBufferView[];
}

/**
 * The model and view classes of a host.
 *
 * @param version - Of this package.
 */
export function widgetClasses(services: Services, version: string): Record<string, unknown> {
  /**
   * One showing of an app. The constructor only stores: models are made from saved state before anybody
   * has said that the notebook is to be trusted.
   */
  class AppModel extends DOMWidgetModel {
    override defaults(): Record<string, unknown> {
      return {
        ...super.defaults(),
        _model_name: 'AppModel',
        _view_name: 'AppView',
        _model_module: MODULE,
        _view_module: MODULE,
        _model_module_version: `^${version}`,
        _view_module_version: `^${version}`,
        snapshot: {}
      };
    }

    /** The page, made when the first view is. */
    page(): Page {
      if (this._page === null) {
        this._page = new Page(new WidgetTransport(this), { version });
        this._page.start(packetOf(this.get('snapshot') as SavedSnapshot | undefined));
      }
      return this._page;
    }

    override close(commClosed?: boolean): Promise<void> {
      this._page?.close();
      return super.close(commClosed);
    }

    private _page: Page | null = null;
  }

  /** Draws the page of its model. */
  class AppView extends DOMWidgetView {
    override render(): void {
      super.render();
      installComponentStyle();
      this.el.classList.add('ib-host');
      this.root = createRoot(this.el);
      const page = (this.model as AppModel).page();
      this.root.render(createElement(App, { page, services }));
    }

    override remove(): void {
      this.root?.unmount();
      this.root = null;
      super.remove();
    }

    private root: Root | null = null;
  }

  return { AppModel, AppView };
}

function packetOf(saved: SavedSnapshot | undefined): Packet | null {
  return saved?.content === undefined || Object.keys(saved.content as object).length === 0
    ? null
    : { content: saved.content, buffers: saved.buffers ?? [] };
}
