/** What happens at an output: a bar and one line of words while it is made, or why it failed. */
import type { Failed, NodeId } from '../../protocol/wire';
import { useNodeStatus, usePage } from '../../store/hooks';
import { Line, Working } from './Working';

interface StatusProps {
  readonly id: NodeId;
  /** false where a {@link StatusLine} has the words. */
  readonly line?: boolean;
}

/** Draws nothing while nothing happens. Overlaid, so that nothing moves. */
export function Status({ id, line = true }: StatusProps): JSX.Element | null {
  const { task, failure, generating, complete } = useNodeStatus(id);
  const page = usePage();
  const shown = task ?? complete;
  if (shown !== null && shown.showProgress !== 'hidden') {
    const working = { task: shown, generating, line, isComplete: task === null };
    return <Working {...working} />;
  }
  if (failure !== null) {
    return <Failure failure={failure} onDismiss={() => page.tasks.read(failure)} />;
  }
  return null;
}

/** The words alone, for the line of a label: beside it, so that they never cover it. */
export function StatusLine({ id }: { readonly id: NodeId }): JSX.Element | null {
  const { task } = useNodeStatus(id);
  return task === null || task.showProgress === 'hidden' ? null : <Line task={task} />;
}

function Failure({ failure, onDismiss }: { failure: Failed; onDismiss: () => void }): JSX.Element {
  return (
    <div className="ib-Failure" role="alert">
      <div className="ib-Failure-head">
        <span className="ib-Failure-text">
          <strong>Error</strong> <span className="ib-Failure-message">{failure.message}</span>
        </span>
        <button type="button" className="ib-icon-button" aria-label="Dismiss" onClick={onDismiss}>
          ×
        </button>
      </div>
      {failure.detail === null ? null : (
        <details>
          <summary>Traceback</summary>
          <pre tabIndex={0}>{failure.detail}</pre>
        </details>
      )}
    </div>
  );
}
