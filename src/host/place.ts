/** Where an app is shown: the document around an output, its kernel and its cells. */
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

import { KernelLine, type Connection } from '../transport/control';
import { outputsOf } from './outputs';
import { Keeper } from './saving';

/** A document with a kernel. */
export interface Place {
  readonly line: KernelLine;
  /** The notebook; null in a console and other documents. */
  readonly notebook: NotebookPanel | null;
  /** Keeps what the notebook holds of its apps up to date; null where there is no notebook. */
  readonly keeper: Keeper | null;
}

const places = new WeakMap<NotebookPanel, Place>();

/** The place of a notebook. */
export function placeOfNotebook(notebook: NotebookPanel): Place {
  const place = places.get(notebook) ?? {
    line: KernelLine.of(notebook.sessionContext),
    notebook,
    keeper: new Keeper(notebook)
  };
  places.set(notebook, place);
  return place;
}

/** The place of a widget: that of the nearest document around it; null where there is none. */
export function placeAround(widget: Widget): Place | null {
  for (let each = widget.parent; each !== null; each = each.parent) {
    if (each instanceof NotebookPanel) {
      return placeOfNotebook(each);
    }
    // Consoles have one too; their package is not needed to see it.
    const { sessionContext } = each as { sessionContext?: Connection };
    if (sessionContext !== undefined) {
      return { line: KernelLine.of(sessionContext), notebook: null, keeper: null };
    }
  }
  return null;
}

/** What runs the cell that shows an app; null where there is none to run. */
export function runnerOf({ notebook }: Place, commId: string): (() => void) | null {
  if (notebook === null) {
    return null;
  }
  return () => {
    const cells = new Set([...outputsOf(notebook, commId)].map(({ cell }) => cell));
    void NotebookActions.runCells(notebook.content, [...cells], notebook.sessionContext);
  };
}

/** Whether an app was taken out of its notebook, which is open. */
export function isTakenOut({ notebook }: Place, commId: string): boolean {
  return (
    notebook !== null &&
    !notebook.isDisposed &&
    notebook.content.model !== null &&
    outputsOf(notebook, commId).next().done === true
  );
}
