/** A slim line under the app that appears only when it has something to say: tasks and what they wrote. */
import { useEffect, useRef, useState } from 'react';

import { Bar, CancelButton } from '../components/parts/Working';
import type { LogEntry } from '../protocol/wire';
import { useJournal, useNow, usePage, useTasks } from '../store/hooks';
import { words } from '../store/progress';
import type { TaskRecord } from '../store/tasks';

/** Tasks that run or wait, and the log. */
export function Footer(): JSX.Element | null {
  const tasks = useTasks().filter(task => task.showProgress !== 'hidden');
  const entries = useJournal();
  if (tasks.length === 0 && entries.length === 0) {
    return null;
  }
  return (
    <footer className="ib-Footer">
      {tasks.length > 0 ? <TaskList tasks={tasks} /> : null}
      {entries.length > 0 ? <Log entries={entries} /> : null}
    </footer>
  );
}

function TaskList({ tasks }: { readonly tasks: readonly TaskRecord[] }): JSX.Element {
  const running = tasks.filter(task => task.state !== 'queued').length;
  const waiting = tasks.length - running;
  const said = [running > 0 ? `${running} running` : '', waiting > 0 ? `${waiting} waiting` : ''];
  return (
    <details className="ib-Footer-tasks">
      <summary>{said.filter(text => text !== '').join(', ')}</summary>
      <ul>
        {tasks.slice(0, MOST).map(task => (
          <TaskLine key={task.id} task={task} />
        ))}
        {tasks.length > MOST ? <li>… and {tasks.length - MOST} more</li> : null}
      </ul>
    </details>
  );
}

/** Most tasks listed. */
const MOST = 50;

function TaskLine({ task }: { readonly task: TaskRecord }): JSX.Element {
  const now = useNow();
  return (
    <li>
      <code>{task.name}</code>
      <span>{words(task, now)}</span>
      <Bar task={task} now={now} />
      <CancelButton task={task} />
    </li>
  );
}

function Log({ entries }: { readonly entries: readonly LogEntry[] }): JSX.Element {
  const page = usePage();
  const [open, setOpen] = useState(false);
  const lines = entries.reduce((sum, entry) => sum + entry.text.split('\n').length - 1, 0);
  return (
    <details
      className="ib-Footer-log"
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>
        Log · {lines} {lines === 1 ? 'line' : 'lines'}
      </summary>
      {open ? <LogText entries={entries} /> : null}
      <button type="button" className="ib-link" onClick={() => page.journal.clear()}>
        Clear
      </button>
    </details>
  );
}

/** Keeps its end in view. */
function LogText({ entries }: { readonly entries: readonly LogEntry[] }): JSX.Element {
  const text = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (text.current !== null) {
      text.current.scrollTop = text.current.scrollHeight;
    }
  }, [entries]);
  return (
    <pre ref={text} tabIndex={0} aria-label="Log">
      {entries.map((entry, index) => (
        <span key={index} className={`ib-is-${entry.stream}`} title={`${entry.name} (${entry.task})`}>
          {entry.text}
        </span>
      ))}
    </pre>
  );
}
