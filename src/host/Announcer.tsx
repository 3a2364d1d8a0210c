/** Says what is going on to those who do not see it: politely, and at quarters only. */
import { useEffect, useRef, useState } from 'react';

import { useNow, usePage, useTasks } from '../store/hooks';
import { announcement, quarter } from '../store/progress';
import type { TaskRecord } from '../store/tasks';

/** Milliseconds that a task may take before it is worth a word. */
const PATIENCE = 1000;

/** One for the whole app and always there, so that assistive technology hears what is put into it. */
export function Announcer(): JSX.Element {
  const [said, say] = useState('');
  const shown = useTasks().filter(task => task.showProgress !== 'hidden');
  const task = shown.find(each => each.state !== 'queued') ?? shown[0];
  return (
    <div role="status" className="ib-Announcer ib-visually-hidden">
      {said}
      {task === undefined ? null : <Watch key={task.id} task={task} say={say} />}
    </div>
  );
}

interface WatchProps {
  readonly task: TaskRecord;
  readonly say: (words: string) => void;
}

/** Draws nothing; speaks when the state, the place or the quarter of a task is another. */
function Watch({ task, say }: WatchProps): null {
  const { tasks } = usePage();
  const now = useNow();
  const spoken = useRef(false);
  const mark =
    now - task.begun < PATIENCE ? null : [task.state, task.position, quarter(task, now)].join();
  const latest = useRef({ task, now });
  latest.current = { task, now };
  useEffect(() => {
    if (mark !== null) {
      spoken.current = true;
      say(announcement(latest.current.task, latest.current.now));
    }
  }, [mark, say]);
  // Silence would not say that it is over.
  useEffect(
    () => () => {
      if (spoken.current) {
        say(tasks.all().length === 0 ? 'Ready' : '');
      }
    },
    [tasks, say]
  );
  return null;
}
