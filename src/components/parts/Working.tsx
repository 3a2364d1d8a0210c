/** A task that has not ended: a bar on the top edge, one line of words, and how to stop it. */
import { useLayoutEffect, useRef, type RefObject } from 'react';

import { useNow, usePage } from '../../store/hooks';
import { shownProgress, words } from '../../store/progress';
import type { TaskRecord } from '../../store/tasks';
import { useHandsOn } from './focus';

interface WorkingProps {
  readonly task: TaskRecord;
  /** Values are arriving. */
  readonly generating: boolean;
  /** With words and Cancel; false where they are drawn elsewhere. */
  readonly line: boolean;
  /** It has ended well: the bar, and no more, runs to its end. */
  readonly isComplete: boolean;
}

/** Appears after 200 ms by CSS: most handlers are quicker, and a flash is worse than nothing. */
export function Working({ task, generating, line, isComplete }: WorkingProps): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  useBusy(root, !isComplete);
  const kinds = isComplete ? 'ib-is-complete' : `ib-is-${task.state} ib-is-${task.showProgress}`;
  return (
    <div ref={root} className={`ib-Status ${kinds}${generating ? ' ib-is-generating' : ''}`}>
      {task.showProgress === 'minimal' ? null : (
        <Bar key={task.id} task={task} isComplete={isComplete} />
      )}
      {line && !isComplete ? <Line task={task} /> : null}
    </div>
  );
}

/** Tells assistive technology that what is around is about to change. */
function useBusy(root: RefObject<HTMLElement>, isBusy: boolean): void {
  useLayoutEffect(() => {
    const around = root.current?.parentElement;
    if (!isBusy) {
      return undefined;
    }
    around?.setAttribute('aria-busy', 'true');
    return () => around?.removeAttribute('aria-busy');
  }, [root, isBusy]);
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

/** Words where nothing runs and nothing can be stopped. */
export function Still({
  words,
  title
}: {
  readonly words: string;
  readonly title?: string;
}): JSX.Element {
  return (
    <div className="ib-Status-line">
      <span className="ib-Status-words" title={title ?? words}>
        {words}
      </span>
    </div>
  );
}

/** For the eye: what is heard is announced elsewhere, and the bar has the same words. */
export function Words({ task }: { readonly task: TaskRecord }): JSX.Element {
  const text = words(task, useNow());
  // What is said last is how far it is: the part to keep where there is no room for all.
  const last = Math.max(0, text.lastIndexOf(' · '));
  return (
    <span className="ib-Status-words ib-is-parted" aria-hidden="true" title={text}>
      <span>{text.slice(0, last)}</span>
      <span className="ib-Status-figure">{text.slice(last)}</span>
    </span>
  );
}

interface BarProps {
  readonly task: TaskRecord;
  readonly isComplete?: boolean;
}

/** The bar alone. Solid when measured, hatched when estimated, moving when nobody knows. */
export function Bar({ task, isComplete = false }: BarProps): JSX.Element {
  const now = useNow();
  const said = shownProgress(task, now);
  const { share, measured } = isComplete ? { ...said, share: 1 } : said;
  const steady = useSteady(task, share, measured);
  const kind = steady === null ? 'ib-is-unknown' : measured ? 'ib-is-measured' : 'ib-is-estimated';
  const value = steady === null ? {} : { 'aria-valuenow': Math.round(steady * 100) };
  return (
    <div
      className={`ib-Status-bar ${kind}`}
      role="progressbar"
      aria-label={task.name}
      aria-valuetext={isComplete ? 'Done' : words(task, now)}
      {...value}
    >
      <div style={steady === null ? undefined : { width: `${(steady * 100).toFixed(1)}%` }} />
    </div>
  );
}

/** Stops the task; nothing while it is stopping already. */
export function CancelButton({ task }: { readonly task: TaskRecord }): JSX.Element | null {
  return task.state === 'stopping' ? null : <Cancel task={task} />;
}

function Cancel({ task }: { readonly task: TaskRecord }): JSX.Element {
  const page = usePage();
  const control = useHandsOn<HTMLButtonElement>();
  return (
    <button
      ref={control}
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
