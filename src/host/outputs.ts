/** The outputs of a notebook that show an app. */
import type { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

/** Name of what our renderer draws. */
export const APP_MIME = 'application/vnd.ipyblocks.v1+json';

type Cell = Notebook['widgets'][number];

/** An output of a cell. */
interface Output {
  readonly cell: Cell;
  readonly model: IRenderMime.IMimeModel;
}

/** The part of a code cell's model that holds its outputs. */
interface Outputs {
  readonly outputs?: {
    readonly length: number;
    get(index: number): IRenderMime.IMimeModel;
  };
}

/** The outputs of a notebook that show an app. */
export function* outputsOf(notebook: NotebookPanel, commId: string): IterableIterator<Output> {
  for (const cell of notebook.content.widgets) {
    const { outputs } = cell.model as unknown as Outputs;
    for (let index = 0; index < (outputs?.length ?? 0); index += 1) {
      const model = outputs?.get(index);
      const data = model?.data[APP_MIME] as { commId?: unknown } | undefined;
      if (model !== undefined && data?.commId === commId) {
        yield { cell, model };
      }
    }
  }
}

/** A text of a mime bundle, which files keep as lines; empty when there is none. */
export function textIn(data: IRenderMime.IMimeModel['data'], mime: string): string {
  const text = data[mime];
  return Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : '';
}
