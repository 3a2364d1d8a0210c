/** What happens at an output: a bar and one line of words while it is made, or why it failed. */
import { useContext, useLayoutEffect } from 'react';

import type { Failure as FailureInfo, NodeId } from '../../protocol/wire';
import { useNodeStatus, usePage } from '../../store/hooks';
import { useHandsOn } from './focus';
import { SeenContext } from './layout';
import { Line, Still, Working } from './Working';

interface StatusProps {
  readonly id: NodeId;
  /** false where a {@link StatusLine} has the words. */
  readonly line?: boolean;
}

/** Draws nothing while nothing happens. Overlaid, so that nothing moves. */
export function Status({ id, line = true }: StatusProps): JSX.Element | null {
  const { task, failure, isFirst, isRetried, generating, complete } = useNodeStatus(id);
  useSeen(id, failure !== null);
  const shown = task ?? complete;
  if (shown !== null && shown.showProgress !== 'hidden') {
    const working = { task: shown, generating, line, isComplete: task === null };
    return <Working {...working} />;
  }
  if (failure !== null && isFirst && !isRetried) {
    return <Failure failure={failure} />;
  }
  if (failure === null || !line) {
    return null;
  }
  return (
    <div className="ib-Status">
      <Brief failure={failure} isRetried={isRetried} />
    </div>
  );
}

/** The words alone, for the line of a label: beside it, so that they never cover it. */
export function StatusLine({ id }: { readonly id: NodeId }): JSX.Element | null {
  const { task, failure, isFirst, isRetried, complete } = useNodeStatus(id);
  if (task !== null && task.showProgress !== 'hidden') {
    return <Line task={task} />;
  }
  if (failure === null || complete !== null || (isFirst && !isRetried)) {
    return null;
  }
  return <Brief failure={failure} isRetried={isRetried} />;
}

/** Say that this node is one of those that can tell a failure in full. */
function useSeen(id: NodeId, fails: boolean): void {
  const { store, tasks } = usePage();
  const isSeen = useContext(SeenContext) && store.node(id)?.props.visible !== 'hidden';
  useLayoutEffect(
    () => (fails && isSeen ? tasks.failures.show(id) : undefined),
    [tasks, id, fails, isSeen]
  );
}

/** A failure that is told elsewhere, or is being tried again. */
function Brief({
  failure,
  isRetried
}: {
  readonly failure: FailureInfo;
  readonly isRetried: boolean;
}): JSX.Element {
  if (isRetried) {
    return <Still words="Waiting…" />;
  }
  const words = failure.code === 'cancelled' ? 'Cancelled' : 'Failed';
  return <Still words={words} title={failure.message} />;
}

function Failure({ failure }: { readonly failure: FailureInfo }): JSX.Element {
  const { failures } = usePage().tasks;
  const again = useHandsOn<HTMLButtonElement>();
  const dismiss = useHandsOn<HTMLButtonElement>();
  const { task, code, message, detail, retry } = failure;
  const isQuiet = code === 'cancelled';
  return (
    <div
      className={isQuiet ? 'ib-Failure ib-is-quiet' : 'ib-Failure'}
      role={isQuiet ? undefined : 'alert'}
    >
      <div className="ib-Failure-head">
        <span className="ib-Failure-text">
          {isQuiet ? null : <strong>Error</strong>}{' '}
          <span className="ib-Failure-message">{message}</span>
        </span>
        {retry === true ? (
          <button
            ref={again}
            type="button"
            className="ib-link"
            onClick={() => failures.retry(task)}
          >
            Try again
          </button>
        ) : null}
        <button
          ref={dismiss}
          type="button"
          className="ib-icon-button"
          aria-label="Dismiss"
          onClick={() => failures.dismiss(task)}
        >
          ×
        </button>
      </div>
      {detail === null ? null : (
        <details>
          <summary>Traceback</summary>
          <pre tabIndex={0}>{detail}</pre>
        </details>
      )}
    </div>
  );
}
