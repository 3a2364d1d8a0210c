/** The widget that a cell shows: a model that stores, and a view that draws. */
import { DOMWidgetModel, DOMWidgetView } from '@jupyter-widgets/base';
import { createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';

import type { Services } from '../components/component';
import type { Packet } from '../protocol/codec';
import { Page } from '../store/page';
import { KernelLine } from '../transport/control';
import { kernelOf, WidgetTransport } from '../transport/widget';
import { App } from './App';
import { holdPage, type Held } from './pages';
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

    /** The page, for one more view. Where the document's kernel is known, outputs have the same one. */
    hold(): Held {
      const packet = packetOf(this.get('snapshot') as SavedSnapshot | undefined);
      const line = KernelLine.with(kernelOf(this));
      if (line !== null) {
        const first = { packet, isOld: this.wasHeld, control: false, version };
        this.wasHeld = true;
        return holdPage(line, this.model_id, first);
      }
      this._page ??= started(new Page(new WidgetTransport(this), { version }), packet);
      return { page: this._page, release: () => undefined };
    }

    override close(commClosed?: boolean): Promise<void> {
      this._page?.close();
      return super.close(commClosed);
    }

    private _page: Page | null = null;
    /** The snapshot is of the time before a page was there: the person may have changed something since. */
    private wasHeld = false;
  }

  /** Draws the page of its model. */
  class AppView extends DOMWidgetView {
    override render(): void {
      super.render();
      installComponentStyle();
      this.el.classList.add('ib-host');
      this.root = createRoot(this.el);
      this.held = (this.model as AppModel).hold();
      this.root.render(createElement(App, { page: this.held.page, services }));
    }

    override remove(): void {
      this.root?.unmount();
      this.root = null;
      this.held?.release();
      this.held = null;
      super.remove();
    }

    private root: Root | null = null;
    private held: Held | null = null;
  }

  return { AppModel, AppView };
}

function started(page: Page, packet: Packet | null): Page {
  page.start(packet);
  return page;
}

function packetOf(saved: SavedSnapshot | undefined): Packet | null {
  return saved?.content === undefined || Object.keys(saved.content as object).length === 0
    ? null
    : { content: saved.content, buffers: saved.buffers ?? [] };
}
