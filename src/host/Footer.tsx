/** A slim line under the app for what lasts: tasks, and what they wrote. */
import { useEffect, useReducer, useRef, useState } from 'react';

import { EndKeeper } from '../components/parts/ending';
import { Bar, CancelButton, Words } from '../components/parts/Working';
import type { LogEntry } from '../protocol/wire';
import { useJournal, usePage, useTasks } from '../store/hooks';
import type { TaskRecord } from '../store/tasks';

/** Milliseconds after which a task is worth a line: most are over before, and the notebook must not jump. */
const PATIENCE = 1000;

/** Most tasks listed. */
const MOST = 50;

/** Tasks that run or wait, and the log. The line is there before it says anything, so that nothing jumps. */
export function Footer(): JSX.Element {
  const tasks = useLasting();
  const entries = useJournal();
  const [watching, setWatching] = useState(false);
  const [reading, setReading] = useState(false);
  return (
    <footer className="ib-Footer">
      {entries.length > 0 || reading ? <Log entries={entries} onRead={setReading} /> : null}
      {tasks.length > 0 || watching ? <TaskList tasks={tasks} onWatch={setWatching} /> : null}
    </footer>
  );
}

/** Tasks that show and have been there for a while. */
function useLasting(): readonly TaskRecord[] {
  const { tasks: source } = usePage();
  const shown = useTasks().filter(task => task.showProgress !== 'hidden');
  const [looks, look] = useReducer((count: number) => count + 1, 0);
  const now = source.now();
  const due = Math.min(...shown.map(task => task.begun + PATIENCE).filter(time => time > now));
  useEffect(() => {
    if (due === Infinity) {
      return undefined;
    }
    const timer = setTimeout(look, Math.ceil(due - source.now()));
    return () => clearTimeout(timer);
    // `looks`: timers have a clock of their own, and one that came early needs another.
  }, [source, due, looks]);
  return shown.filter(task => task.begun + PATIENCE <= now);
}

interface TaskListProps {
  readonly tasks: readonly TaskRecord[];
  readonly onWatch: (watches: boolean) => void;
}

function TaskList({ tasks, onWatch }: TaskListProps): JSX.Element {
  // What is folded away must not be drawn anew ten times a second.
  const [open, setOpen] = useState(false);
  useEffect(() => onWatch(open), [onWatch, open]);
  const rows = useRows(tasks, open);
  const running = tasks.filter(task => task.state !== 'queued').length;
  const waiting = tasks.length - running;
  const said = [running > 0 ? `${running} running` : '', waiting > 0 ? `${waiting} waiting` : ''];
  return (
    <details className="ib-Footer-tasks" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{said.filter(text => text !== '').join(', ') || 'Nothing is running'}</summary>
      {open ? (
        <ul>
          {rows.slice(0, MOST).map(task => (
            <TaskLine key={task.id} task={task} ended={!tasks.includes(task)} />
          ))}
          {rows.length > MOST ? <li>… and {rows.length - MOST} more</li> : null}
        </ul>
      ) : null}
    </details>
  );
}

/**
 * The tasks, and while the list is open those that have ended in it: were their rows to go, another task's
 * Cancel would come under the pointer. A list that is full forgets them.
 */
function useRows(tasks: readonly TaskRecord[], open: boolean): readonly TaskRecord[] {
  const rows = useRef<readonly TaskRecord[]>([]);
  const present = new Map(tasks.map(task => [task.id, task]));
  const before = open ? rows.current : [];
  const kept = before.length > MOST ? before.filter(({ id }) => present.has(id)) : before;
  const known = new Set(kept.map(({ id }) => id));
  rows.current = [
    ...kept.map(task => present.get(task.id) ?? task),
    ...tasks.filter(({ id }) => !known.has(id))
  ];
  return rows.current;
}

interface TaskLineProps {
  readonly task: TaskRecord;
  readonly ended: boolean;
}

function TaskLine({ task, ended }: TaskLineProps): JSX.Element {
  const name = <code title={task.name}>{task.name}</code>;
  if (ended) {
    return (
      <li className="ib-is-ended">
        {name}
        <span>Ended</span>
        <div className="ib-Status-bar" />
      </li>
    );
  }
  return (
    <li className={`ib-is-${task.state}`}>
      {name}
      <Words task={task} />
      <CancelButton task={task} />
      <Bar task={task} />
    </li>
  );
}

interface LogProps {
  readonly entries: readonly LogEntry[];
  readonly onRead: (reads: boolean) => void;
}

function Log({ entries, onRead }: LogProps): JSX.Element {
  const page = usePage();
  const [open, setOpen] = useState(false);
  useEffect(() => onRead(open), [onRead, open]);
  const lines = countLines(entries);
  return (
    <details className="ib-Footer-log" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        Log · {lines} {lines === 1 ? 'line' : 'lines'}
      </summary>
      {open ? (
        <>
          <LogText entries={entries} />
          <button type="button" className="ib-link" onClick={() => page.journal.clear()}>
            Clear
          </button>
        </>
      ) : null}
    </details>
  );
}

function countLines(entries: readonly LogEntry[]): number {
  const ends = entries.reduce((sum, entry) => sum + entry.text.split('\n').length - 1, 0);
  const last = entries.at(-1)?.text ?? '\n';
  return ends + (last.endsWith('\n') ? 0 : 1);
}

/** Keeps its end in view, unless somebody has scrolled away from it to read. */
function LogText({ entries }: { readonly entries: readonly LogEntry[] }): JSX.Element {
  const text = useRef<HTMLPreElement>(null);
  const [end] = useState(() => new EndKeeper());
  useEffect(() => {
    if (text.current !== null) {
      end.follow(text.current);
    }
  }, [end, entries]);
  return (
    <pre
      ref={text}
      tabIndex={0}
      aria-label="Log"
      onScroll={event => end.scrolled(event.currentTarget)}
    >
      {entries.map((entry, index) => (
        <span key={index} className={`ib-is-${entry.stream}`} title={entry.name}>
          {entry.text}
        </span>
      ))}
    </pre>
  );
}
