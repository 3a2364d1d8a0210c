/** What happens at an output: a bar and one line of words while it is made, or why it failed. */
import type { Failed, NodeId } from '../../protocol/wire';
import { useNodeStatus, usePage } from '../../store/hooks';
import type { TaskRecord } from '../../store/tasks';

/** Draws nothing while nothing happens. Overlaid, so that nothing moves. */
export function Status({ id }: { readonly id: NodeId }): JSX.Element | null {
  const { task, failure } = useNodeStatus(id);
  const page = usePage();
  if (task !== null && task.showProgress !== 'hidden') {
    return <Working task={task} onCancel={() => page.cancel(task.id)} />;
  }
  if (failure !== null) {
    return <Failure failure={failure} onDismiss={() => page.tasks.dismiss(id)} />;
  }
  return null;
}

function Working({ task, onCancel }: { task: TaskRecord; onCancel: () => void }): JSX.Element {
  return (
    // Appears after 200 ms by CSS: most handlers are quicker, and a flash is worse than nothing.
    <div className={`ib-Status ib-is-${task.state} ib-is-${task.showProgress}`}>
      <div className="ib-Status-bar" role="progressbar" aria-label={words(task)} />
      <div className="ib-Status-line">
        <span role="status">{words(task)}</span>
        {task.state === 'stopping' ? null : (
          <button type="button" className="ib-link" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
    </div>
  );
}

function words(task: TaskRecord): string {
  switch (task.state) {
    case 'queued':
      return `${(task.position ?? 0) + 1} of ${task.size ?? 1} in queue`;
    case 'running':
      return 'Working…';
    case 'stopping':
      return 'Stopping…';
  }
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
