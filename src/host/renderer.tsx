/**
 * Draws an app as the output of a cell: what the notebook holds of it at once, and then the living one.
 * Where nobody vouches for the notebook, only what it holds, and nothing of that runs.
 */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { Component, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';

import type { Services } from '../components/component';
import { Page } from '../store/page';
import { harmless, readSaved, type SavedApp } from '../store/saved';
import { Nowhere } from '../transport/nowhere';
import { App } from './App';
import { holdPage } from './pages';
import { APP_MIME, textIn } from './outputs';
import { isTakenOut, placeAround, runnerOf, type Place } from './place';
import { installComponentStyle } from './style';

/** What renderers of one document share. */
export interface RendererOptions {
  readonly version: string;
  readonly services: Services;
  /** For apps that nobody vouches for. */
  readonly safeServices: Services;
  /** The document; null: look around. */
  readonly place: Place | null;
}

const UNTRUSTED =
  'This notebook is not trusted, so its app is only a picture of the last values. Trust the notebook, or run this cell.';
const ELSEWHERE = 'There is no kernel here; these are the last values of the app.';

/** One output. */
export class AppRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly options: RendererOptions) {
    super();
    this.addClass('ib-host');
    installComponentStyle();
  }

  /** Draw an output; called again when its data or its trust have changed. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const saved = readSaved(model.data[APP_MIME]);
    const key = `${model.trusted} ${saved.commId}`;
    if (key !== this.key) {
      this.key = key;
      this.saved = saved;
      this.trusted = model.trusted;
      this.words = textIn(model.data, 'text/plain');
      this.draw();
    }
    return Promise.resolve();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.clear();
      super.dispose();
    }
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.waits) {
      this.draw();
    }
    // A notebook that opens has much to do, and React would do this after all of it.
    flushSync(() => this.root?.render(this.content));
  }

  private draw(): void {
    this.clear();
    const { saved, trusted } = this;
    if (saved === null) {
      return;
    }
    if (!trusted) {
      this.drawPicture(saved, UNTRUSTED);
      return;
    }
    const place = this.options.place ?? placeAround(this);
    this.waits = place === null && !this.isAttached;
    if (place === null || saved.commId === '') {
      this.drawPicture(saved, this.waits ? null : ELSEWHERE);
    } else {
      this.drawLive(saved, place);
    }
  }

  private drawLive(saved: SavedApp, place: Place): void {
    const { version, services } = this.options;
    const { commId, packet, control } = saved;
    const held = holdPage(place.line, commId, { packet, isOld: true, control, version });
    const stop = place.keeper?.watch(commId, held.page);
    this.release = () => {
      stop?.();
      held.release(page => isTakenOut(place, commId) && page.end());
    };
    this.mount(<App page={held.page} services={services} run={runnerOf(place, commId, this)} />);
  }

  /** What is saved, and nothing else. */
  private drawPicture({ packet, problem }: SavedApp, why: string | null): void {
    if (packet === null) {
      this.mount(<Words text={problem ?? ''} more={this.words} />);
      return;
    }
    const page = new Page(new Nowhere(), { version: this.options.version });
    page.start(harmless(packet), true);
    this.mount(<App page={page} services={this.options.safeServices} picture={why ?? ''} />);
  }

  private mount(content: JSX.Element): void {
    this.content = <Boundary words={this.words}>{content}</Boundary>;
    this.root = createRoot(this.node);
    this.root.render(this.content);
  }

  private clear(): void {
    this.root?.unmount();
    this.root = null;
    this.content = null;
    this.release?.();
    this.release = null;
  }

  private key: string | null = null;
  private saved: SavedApp | null = null;
  private trusted = false;
  private words = '';
  /** For a place to be in. */
  private waits = false;
  private root: Root | null = null;
  private content: ReactNode = null;
  private release: (() => void) | null = null;
}

function Words({ text, more }: { readonly text: string; readonly more: string }): JSX.Element {
  return (
    <section className="ipyblocks">
      <div className="ib-Banner">{text}</div>
      <p>{more}</p>
    </section>
  );
}

interface BoundaryProps {
  readonly words: string;
  readonly children: ReactNode;
}

/** An app that cannot be drawn at all says so, and the notebook goes on. */
class Boundary extends Component<BoundaryProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? (
      <Words text="This app could not be drawn." more={this.props.words} />
    ) : (
      this.props.children
    );
  }
}
