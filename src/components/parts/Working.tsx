/** A task that has not ended: a bar on the top edge, one line of words, and how to stop it. */
import { useLayoutEffect, useRef, type RefObject } from 'react';

import { useNow, usePage } from '../../store/hooks';
import { shownProgress, words } from '../../store/progress';
import type { TaskRecord } from '../../store/tasks';

interface WorkingProps {
  readonly task: TaskRecord;
  /** Values are arriving. */
  readonly generating: boolean;
  /** With words and Cancel; false where they are drawn elsewhere. */
  readonly line: boolean;
}

/** Appears after 200 ms by CSS: most handlers are quicker, and a flash is worse than nothing. */
export function Working({ task, generating, line }: WorkingProps): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  useBusy(root);
  const kinds = `ib-is-${task.state} ib-is-${task.showProgress}`;
  return (
    <div ref={root} className={`ib-Status ${kinds}${generating ? ' ib-is-generating' : ''}`}>
      {task.showProgress === 'minimal' ? null : <Bar key={task.id} task={task} />}
      {line ? <Line task={task} /> : null}
    </div>
  );
}

/** Tells assistive technology that what is around is about to change. */
function useBusy(root: RefObject<HTMLElement>): void {
  useLayoutEffect(() => {
    const around = root.current?.parentElement;
    around?.setAttribute('aria-busy', 'true');
    return () => around?.removeAttribute('aria-busy');
  }, [root]);
}

/** The words, which make room for what is beside them, and Cancel, which does not. */
export function Line({ task }: { readonly task: TaskRecord }): JSX.Element {
  return (
    <div className="ib-Status-line">
      <Words task={task} />
      <CancelButton task={task} />
    </div>
  );
}

/** For the eye: what is heard is announced elsewhere, and the bar has the same words. */
export function Words({ task }: { readonly task: TaskRecord }): JSX.Element {
  const text = words(task, useNow());
  return (
    <span className="ib-Status-words" aria-hidden="true" title={text}>
      {text}
    </span>
  );
}

/** The bar alone. Solid when measured, hatched when estimated, moving when nobody knows. */
export function Bar({ task }: { readonly task: TaskRecord }): JSX.Element {
  const now = useNow();
  const { share, measured } = shownProgress(task, now);
  const steady = useSteady(task, share, measured);
  const kind = steady === null ? 'ib-is-unknown' : measured ? 'ib-is-measured' : 'ib-is-estimated';
  const value = steady === null ? {} : { 'aria-valuenow': Math.round(steady * 100) };
  return (
    <div
      className={`ib-Status-bar ${kind}`}
      role="progressbar"
      aria-label={task.name}
      aria-valuetext={words(task, now)}
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

/**
 * An estimate never moves the bar back. A phase of its own that the function declares starts where it says,
 * and what the function measures is shown as it is.
 */
function useSteady(task: TaskRecord, share: number | null, measured: boolean): number | null {
  const phase = task.fake === null ? '' : `${task.fake.start} ${task.fake.end}`;
  const shown = useRef({ phase, share, measured });
  const { current: before } = shown;
  const isNewPhase = phase !== before.phase && before.measured;
  const steady =
    share === null || measured || isNewPhase ? share : Math.max(share, before.share ?? 0);
  shown.current = { phase, share: steady, measured };
  return steady;
}
