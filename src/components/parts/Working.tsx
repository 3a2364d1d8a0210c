/** A task that has not ended: a bar on the top edge, one line of words, and how to stop it. */
import { useRef } from 'react';

import { announcement, shownProgress, words } from '../../store/progress';
import { useNow, usePage } from '../../store/hooks';
import type { TaskRecord } from '../../store/tasks';

/** Appears after 200 ms by CSS: most handlers are quicker, and a flash is worse than nothing. */
export function Working({ task }: { readonly task: TaskRecord }): JSX.Element {
  const now = useNow();
  return (
    <div className={`ib-Status ib-is-${task.state} ib-is-${task.showProgress}`}>
      <Bar task={task} now={now} />
      <div className="ib-Status-line">
        <span className="ib-Status-words" aria-hidden="true">
          {words(task, now)}
        </span>
        <CancelButton task={task} />
      </div>
      <span role="status" className="ib-visually-hidden">
        {announcement(task, now)}
      </span>
    </div>
  );
}

/** The bar alone. Solid when measured, hatched when estimated, moving when nobody knows. */
export function Bar({ task, now }: { readonly task: TaskRecord; readonly now: number }): JSX.Element {
  const { share, measured } = shownProgress(task, now);
  const steady = useSteady(task.id, share, measured);
  const kind = steady === null ? 'ib-is-unknown' : measured ? 'ib-is-measured' : 'ib-is-estimated';
  const value = steady === null ? {} : { 'aria-valuenow': Math.round(steady * 100) };
  return (
    <div
      className={`ib-Status-bar ${kind}`}
      role="progressbar"
      aria-label={task.name}
      aria-valuetext={announcement(task, now)}
      {...value}
    >
      <div style={steady === null ? undefined : { width: `${(steady * 100).toFixed(1)}%` }} />
    </div>
  );
}

/** Stops the task; nothing while it is stopping already. */
export function CancelButton({ task }: { readonly task: TaskRecord }): JSX.Element | null {
  const page = usePage();
  if (task.state === 'stopping') {
    return null;
  }
  return (
    <button
      type="button"
      className="ib-link"
      aria-label={`Cancel ${task.name}`}
      onClick={() => page.cancel(task.id)}
    >
      Cancel
    </button>
  );
}

/** An estimate never moves a bar back; what the function measured is shown as it says. */
function useSteady(task: number, share: number | null, measured: boolean): number | null {
  const shown = useRef({ task, share });
  if (shown.current.task !== task || share === null || measured) {
    shown.current = { task, share };
  } else {
    shown.current = { task, share: Math.max(share, shown.current.share ?? 0) };
  }
  return shown.current.share;
}
