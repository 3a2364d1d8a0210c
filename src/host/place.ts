/** Where an app is shown: the document around an output, its kernel and its cells. */
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

import { KernelLine, type Connection } from '../transport/control';
import { outputsOf } from './outputs';
import { Keeper } from './saving';

/** A document with a kernel. */
export interface Place {
  readonly line: KernelLine;
  /** The notebook, in one of its views; null in a console and other documents. */
  readonly notebook: NotebookPanel | null;
  /** Keeps what the notebook holds of its apps up to date; null where there is no notebook. */
  readonly keeper: Keeper | null;
}

type Context = NotebookPanel['context'];

/** A notebook. JupyterLab can show it in several views, whose cells and renderers are shared. */
class NotebookPlace implements Place {
  readonly line: KernelLine;
  readonly keeper: Keeper;

  constructor(context: Context, first: NotebookPanel) {
    this.line = KernelLine.of(context.sessionContext);
    this.notebook = first;
    this.keeper = new Keeper(context, () => this.notebook);
  }

  /** One of its views. Again does nothing. */
  add(panel: NotebookPanel): void {
    if (this.panels.has(panel) || panel.isDisposed) {
      return;
    }
    this.panels.add(panel);
    panel.disposed.connect(() => {
      this.panels.delete(panel);
      this.notebook = [...this.panels][0] ?? this.notebook;
    });
  }

  notebook: NotebookPanel;
  private readonly panels = new Set<NotebookPanel>();
}

const places = new WeakMap<Context, NotebookPlace>();

/** The place of a notebook. */
export function placeOfNotebook(panel: NotebookPanel): Place {
  const place = places.get(panel.context) ?? new NotebookPlace(panel.context, panel);
  places.set(panel.context, place);
  place.add(panel);
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

/**
 * What runs the cell that a view is in, or for a view beside the notebook the first that shows its app: a cell
 * that was copied has the same one. null where there is none to run.
 */
export function runnerOf(place: Place, commId: string, view: Widget): (() => void) | null {
  if (place.notebook === null) {
    return null;
  }
  return () => {
    const notebook = panelAround(view) ?? place.notebook;
    if (notebook === null) {
      return;
    }
    const around = notebook.content.widgets.find(({ node }) => node.contains(view.node));
    const [first] = outputsOf(notebook, commId);
    const cell = around ?? first?.cell;
    if (cell !== undefined) {
      void NotebookActions.runCells(notebook.content, [cell], notebook.sessionContext);
    }
  };
}

function panelAround(widget: Widget): NotebookPanel | null {
  let each = widget.parent;
  while (each !== null && !(each instanceof NotebookPanel)) {
    each = each.parent;
  }
  return each;
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
