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
  const distance = Math.max(0, end - start);
  const elapsed = Math.max(0, elapsedMs);
  if (estimateMs <= 0) {
    return start + distance * (1 - Math.exp(-elapsed / DEFAULT_TAU_MS));
  }
  const linear = LINEAR_SHARE * estimateMs;
  if (elapsed <= linear) {
    return start + (distance * elapsed) / estimateMs;
  }
  const rest = 1 - LINEAR_SHARE;
  const tail = 1 - Math.exp(-(elapsed - linear) / (rest * estimateMs));
  return start + distance * (LINEAR_SHARE + rest * tail);
}

/** What the bar of a task shows at a moment of the page's clock, in milliseconds. */
export function shownProgress(task: TaskRecord, now: number): Shown {
  if (task.state === 'queued') {
    return { share: null, measured: false };
  }
  if (task.fake !== null) {
    return { share: fakeAt(task.fake, now - task.reportedAt), measured: false };
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

function fakeAt(fake: Fake, sinceReport: number): number {
  return fakeProgress(fake.start, fake.end, fake.estimatedMs, fake.ageMs + sinceReport);
}

/**
 * One share for nested loops: a step of the outer loop is as far as the inner ones are. Counts of unknown
 * length say nothing about the share.
 */
export function overall(units: readonly ProgressUnit[]): number | null {
  let share: number | null = null;
  for (const unit of [...units].reverse()) {
    if (unit.index !== null && unit.length !== null && unit.length > 0) {
      share = Math.min(1, (unit.index + (share ?? 0)) / unit.length);
    } else {
      share ??= unit.progress;
    }
  }
  return share;
}

/** One line of words for a task at a moment. */
export function words(task: TaskRecord, now: number): string {
  const parts = { queued: queuedWords, running: runningWords, stopping: () => ['Stopping…'] };
  return parts[task.state](task, now).join(' · ');
}

function queuedWords(task: TaskRecord, now: number): string[] {
  const place = `${(task.position ?? 0) + 1} of ${task.size ?? 1} in queue`;
  if (task.eta === null) {
    return [place];
  }
  const left = task.eta - (now - task.reportedAt) / 1000;
  return [place, left > 0.5 ? `about ${duration(left)}` : 'soon'];
}

function runningWords(task: TaskRecord, now: number): string[] {
  const elapsed = (now - task.since) / 1000;
  const { share } = shownProgress(task, now);
  if (task.units.length > 0) {
    const said = task.units.map(unitWords).filter(text => text !== '');
    const percent = share === null ? [] : [`${Math.round(share * 100)} %`];
    return [...(said.length > 0 ? said : ['Working…']), duration(elapsed), ...percent];
  }
  if (task.eta === null) {
    return ['Working…', duration(elapsed)];
  }
  const late = elapsed > task.eta * 1.1 + 0.5;
  return [
    late ? 'Taking longer than estimated' : 'Working…',
    late ? duration(elapsed) : `${duration(elapsed)} of about ${duration(task.eta)}`
  ];
}

function unitWords(unit: ProgressUnit): string {
  const { index, length, desc, unit: name } = unit;
  const steps = name === 'steps' ? '' : ` ${name}`;
  const count =
    index === null ? '' : length === null ? `${short(index)}${steps}` : `${short(index)}/${short(length)}${steps}`;
  return [desc ?? '', count].filter(text => text !== '').join(' ');
}

/** `1234567` → `1.2M`. */
function short(count: number): string {
  if (Math.abs(count) < 1000) {
    return String(Number(count.toFixed(1)));
  }
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(count);
}

/** `2.2 s`, `45 s`, `3 min 20 s`. */
export function duration(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 10) {
    return `${s.toFixed(1)} s`;
  }
  if (s < 60) {
    return `${Math.round(s)} s`;
  }
  const minutes = Math.floor(s / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(s % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What is announced: changes at quarters only, so that nobody is talked at. */
export function announcement(task: TaskRecord, now: number): string {
  if (task.state !== 'running') {
    return task.state === 'queued' ? 'Waiting in the queue' : 'Stopping';
  }
  const { share, measured } = shownProgress(task, now);
  const said = task.units.map(unit => unit.desc ?? '').filter(text => text !== '').join(', ');
  const quarter = share === null ? '' : `${measured ? '' : 'estimated '}${Math.floor(share * 4) * 25} percent`;
  return [said === '' ? 'Working' : said, quarter].filter(text => text !== '').join(', ');
}
