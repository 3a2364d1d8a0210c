/** What happens at an output: a bar and one line of words while it is made, or why it failed. */
import type { Failed, NodeId } from '../../protocol/wire';
import { useNodeStatus, usePage } from '../../store/hooks';
import { Working } from './Working';

/** Draws nothing while nothing happens. Overlaid, so that nothing moves. */
export function Status({ id }: { readonly id: NodeId }): JSX.Element | null {
  const { task, failure } = useNodeStatus(id);
  const page = usePage();
  if (task !== null && task.showProgress !== 'hidden') {
    return <Working task={task} />;
  }
  if (failure !== null) {
    return <Failure failure={failure} onDismiss={() => page.tasks.dismiss(id)} />;
  }
  return null;
}

function Failure({ failure, onDismiss }: { failure: Failed; onDismiss: () => void }): JSX.Element {
  return (
    <div className="ib-Failure" role="alert">
      <div className="ib-Failure-head">
        <strong>Error</strong>
        <span className="ib-Failure-message">{failure.message}</span>
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
