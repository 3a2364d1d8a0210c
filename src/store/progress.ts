/** What a task's progress looks like at a moment: a share, whether it was measured, and words. Pure. */
import type { Fake, ProgressUnit } from '../protocol/wire';
import type { TaskRecord } from './tasks';

/** Share of an estimated time during which faked progress is linear. The kernel's constant of that name. */
export const LINEAR_SHARE = 0.6;

/** Milliseconds after which faked progress without an estimate has come 63 % of its way. */
export const DEFAULT_TAU_MS = 10_000;

/** Share that an estimate from earlier runs never passes: the end is for the result. */
const ESTIMATE_END = 0.99;

/** What a bar shows. */
export interface Shown {
  /** 0 to 1; null: nobody knows. */
  readonly share: number | null;
  /** Reported by the function, not estimated. */
  readonly measured: boolean;
}

/**
 * The curve of faked progress: linear for {@link LINEAR_SHARE} of the estimate, then ever slower. Slopes are
 * equal where the parts meet, and `end` is never passed.
 *
 * @param estimateMs - 0 or less: not known.
 */
export function fakeProgress(
  start: number,
  end: number,
  estimateMs: number,
  elapsedMs: number
): number {
  const goal = Math.max(start, end);
  const share = fakeShare(estimateMs, Math.max(0, elapsedMs));
  return Math.min(goal, start + (goal - start) * share);
}

function fakeShare(estimateMs: number, elapsedMs: number): number {
  if (!(estimateMs > 0)) {
    return 1 - Math.exp(-elapsedMs / DEFAULT_TAU_MS);
  }
  const linear = LINEAR_SHARE * estimateMs;
  if (elapsedMs <= linear) {
    return elapsedMs / estimateMs;
  }
  const rest = 1 - LINEAR_SHARE;
  return LINEAR_SHARE + rest * (1 - Math.exp(-(elapsedMs - linear) / (rest * estimateMs)));
}

/** What the bar of a task shows at a moment of the page's clock, in milliseconds. */
export function shownProgress(task: TaskRecord, now: number): Shown {
  if (task.state === 'queued') {
    return { share: null, measured: false };
  }
  if (task.fake !== null) {
    return {
      share: overall(withFake(task.units, task.fake, now - task.reportedAt)),
      measured: false
    };
  }
  if (task.units.length > 0) {
    return { share: overall(task.units), measured: true };
  }
  if (task.eta !== null) {
    const share = fakeProgress(0, ESTIMATE_END, task.eta * 1000, now - task.since);
    return { share, measured: false };
  }
  return { share: null, measured: false };
}

/** Whether the bar of a task says how far it is, and so can be seen to be complete. */
export function hasShare(task: TaskRecord, now: number): boolean {
  const running = task.state === 'running' && task.showProgress === 'full';
  return running && shownProgress(task, now).share !== null;
}

/** Faked progress is of the innermost level, which was sent with its share at that time. */
function withFake(units: readonly ProgressUnit[], fake: Fake, sinceReport: number): ProgressUnit[] {
  const { start, end, estimatedMs, ageMs } = fake;
  const progress = fakeProgress(start, end, estimatedMs, ageMs + sinceReport);
  return [...units.slice(0, -1), { index: null, length: null, unit: '', progress, desc: null }];
}

/**
 * One share for nested loops: a step of the outer loop is as far as the inner ones are. null when the
 * outermost is of unknown length, because the share of a loop inside it would go back again and again.
 */
export function overall(units: readonly ProgressUnit[]): number | null {
  return units.reduceRight<number | null>((inside, { index, length, progress }) => {
    const share =
      index !== null && length !== null && length > 0 ? (index + (inside ?? 0)) / length : progress;
    return share === null ? null : Math.min(1, Math.max(0, share));
  }, null);
}

/** One line of words for a task at a moment. */
export function words(task: TaskRecord, now: number): string {
  const parts = { queued: queuedWords, running: runningWords, stopping: () => ['Stopping…'] };
  return parts[task.state](task, now).join(' · ');
}

function queuedWords(task: TaskRecord, now: number): string[] {
  if (task.position === null) {
    return ['Waiting for a file that is on its way'];
  }
  const place = `${task.position + 1} of ${task.size ?? 1} in queue`;
  if (task.eta === null) {
    return [place];
  }
  const left = task.eta - (now - task.reportedAt) / 1000;
  return [place, left > 0.5 ? `about ${duration(left)}` : 'soon'];
}

function runningWords(task: TaskRecord, now: number): string[] {
  const elapsed = (now - task.since) / 1000;
  const said = task.units.map(unitWords).filter(text => text !== '');
  const what = said.length > 0 ? said : ['Working…'];
  if (isLate(task, now)) {
    return [...said, 'Taking longer than estimated', duration(elapsed)];
  }
  if (task.units.length > 0 || task.fake !== null) {
    const { share, measured } = shownProgress(task, now);
    const percent =
      share === null ? [] : [`${measured ? '' : 'about '}${Math.round(share * 100)} %`];
    return [...what, duration(elapsed), ...percent];
  }
  const estimate = task.eta === null ? '' : ` of about ${duration(task.eta)}`;
  return [...what, duration(elapsed) + estimate];
}

/** Whether an estimate is exceeded by so much that the words must say so, not the bar alone. */
function isLate(task: TaskRecord, now: number): boolean {
  const { fake, units, eta } = task;
  if (fake !== null) {
    const age = fake.ageMs + now - task.reportedAt;
    return fake.estimatedMs > 0 && age > fake.estimatedMs * 1.1 + 500;
  }
  return units.length === 0 && eta !== null && now - task.since > eta * 1100 + 500;
}

function unitWords(unit: ProgressUnit): string {
  const { index, length, desc, unit: name } = unit;
  const steps = name === 'steps' ? '' : ` ${name}`;
  const count =
    index === null
      ? ''
      : length === null
        ? `${short(index)}${steps}`
        : `${short(index)}/${short(length)}${steps}`;
  return [desc ?? '', count].filter(text => text !== '').join(' ');
}

/** `1234567` → `1.2M`. */
function short(count: number): string {
  if (Math.abs(count) < 1000) {
    return String(Number(count.toFixed(1)));
  }
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(
    count
  );
}

/** `2.2 s`, `45 s`, `3 min 20 s`, `1 h 5 min`. */
export function duration(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 9.95) {
    return `${s.toFixed(1)} s`;
  }
  const whole = Math.round(s);
  if (whole < 60) {
    return `${whole} s`;
  }
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The quarter that a task has reached, 0 to 4; null: nobody knows. */
export function quarter(task: TaskRecord, now: number): number | null {
  const { share } = shownProgress(task, now);
  return share === null ? null : Math.floor(share * 4);
}

/** What is announced when the state of a task or its {@link quarter} has changed. */
export function announcement(task: TaskRecord, now: number): string {
  if (task.state !== 'running') {
    return task.state === 'queued' ? queuedWords(task, now).join(', ') : 'Stopping';
  }
  const said = task.units.map(unit => unit.desc ?? '').filter(text => text !== '');
  const reached = quarter(task, now);
  const estimated = shownProgress(task, now).measured ? '' : 'about ';
  const share = reached === null ? [] : [`${estimated}${reached * 25} percent`];
  return [...(said.length > 0 ? said : ['Working']), ...share].join(', ');
}
