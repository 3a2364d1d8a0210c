/** Keeps what a notebook holds of its apps as they are on screen. */
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { JSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Welcome } from '../protocol/wire';
import type { Page } from '../store/page';
import { pictureOf } from '../store/picture';
import { SmallPictures } from '../store/small';
import { snapshotOf, type Source } from '../store/snapshot';
import { same } from '../store/store';
import { APP_MIME, outputsOf, textIn } from './outputs';

/** Milliseconds without a change after which the last one is written. */
export const QUIET = 3000;

interface Watch {
  readonly page: Page;
  readonly small: SmallPictures;
  views: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly stop: () => void;
}

/** The apps of one notebook. */
export class Keeper {
  /**
   * @param notebook - Its view at the moment.
   */
  constructor(
    context: NotebookPanel['context'],
    private readonly notebook: () => NotebookPanel
  ) {
    context.saveState.connect((_, state) => {
      if (state === 'started') {
        [...this.watches.keys()].forEach(commId => this.write(commId));
      }
    });
  }

  /**
   * Keep an app while it is shown: write it some seconds after a change, and before the notebook is saved.
   * That it is drawn is no change, so a notebook that is opened stays as it is. Returns how to stop.
   */
  watch(commId: string, page: Page): () => void {
    const watch = this.watches.get(commId) ?? this.start(commId, page);
    watch.views += 1;
    let isWatched = true;
    return () => {
      watch.views -= isWatched ? 1 : 0;
      isWatched = false;
      if (watch.views === 0) {
        // A cell that goes out of sight takes its view along, and the last seconds must not go with it.
        if (watch.timer !== undefined && !this.notebook().isDisposed) {
          this.write(commId);
        }
        watch.stop();
        this.watches.delete(commId);
      }
    };
  }

  private start(commId: string, page: Page): Watch {
    const { downloads } = page.files;
    const small = new SmallPictures(reference => downloads.state(reference).blob);
    const stop = page.store.subscribeChanges(() => {
      clearTimeout(watch.timer);
      watch.timer = setTimeout(() => this.settle(commId), QUIET);
    });
    // Those that are there from the start: to save the notebook is not to wait for them.
    const prepare = (): void => void small.prepare(page.store);
    const unfollow = page.subscribeStatus(prepare);
    prepare();
    const watch: Watch = {
      page,
      small,
      views: 0,
      timer: undefined,
      stop: () => {
        clearTimeout(watch.timer);
        stop();
        unfollow();
      }
    };
    this.watches.set(commId, watch);
    return watch;
  }

  /** Write, at once or when the pictures that are too large have become smaller. */
  private settle(commId: string): void {
    const watch = this.watches.get(commId);
    const pending = watch?.small.prepare(watch.page.store) ?? null;
    if (pending === null) {
      this.write(commId);
    } else {
      void pending.then(() => this.write(commId));
    }
  }

  private write(commId: string): void {
    const watch = this.watches.get(commId);
    if (watch?.page.status.kind !== 'live' || watch.page.place === null) {
      return;
    }
    clearTimeout(watch.timer);
    watch.timer = undefined;
    const { small } = watch;
    const { store, place, version } = watch.page;
    const source = { store, ...place, version, small };
    for (const { model } of outputsOf(this.notebook(), commId)) {
      if (model.trusted) {
        put(model, source);
      }
    }
  }

  private readonly watches = new Map<string, Watch>();
}

/** Put a snapshot into an output, if it says something new. */
function put(model: IRenderMime.IMimeModel, source: Omit<Source, 'control'>): void {
  const old = model.data[APP_MIME] as ReadonlyPartialJSONObject;
  const snapshot = snapshotOf({ ...source, control: old['control'] === true });
  if (!same(valuesOf(old['snapshot']), valuesOf(snapshot))) {
    const own = { ...old, snapshot: snapshot as JSONObject | null };
    const picture = pictureOf(source.store, textIn(model.data, 'text/plain'), source.small);
    model.setData({ data: { ...model.data, [APP_MIME]: own, 'text/html': picture } });
  }
}

/** What of a snapshot is worth writing; the rest counts messages. */
function valuesOf(snapshot: unknown): unknown {
  const { content, buffers } = (snapshot ?? {}) as Partial<Kept>;
  const [welcome] = content?.messages ?? [];
  const nodes = [...(welcome?.nodes ?? [])].sort((a, b) => a.id - b.id);
  return { app: welcome?.app, nodes, buffers };
}

interface Kept {
  readonly content: { readonly messages: readonly Welcome[] };
  readonly buffers: readonly string[];
}
