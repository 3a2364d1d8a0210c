// What the soak may find, and what it makes of it.
import { Problem } from './run.mjs';

/**
 * @typedef {Record<string, number>} Sample `minute`, `stretch` (pages so far), `cuts` of the line and what is in GROWTH
 *
 * @typedef {object} Found
 * @property {Record<string, {value: number, bound: number, unit: string}>} growth
 * @property {Record<string, number>} left after closing everything
 * @property {{wanted: number, found: number}} handled clicks
 * @property {Record<string, number>} done
 * @property {Record<string, number>} faults
 * @property {string[]} errors of ours in the page's console
 * @property {Sample[]} samples
 */

/**
 * What may grow, and how much a minute after the warm-up. A leak of one object an action grows by hundreds;
 * memory wavers by its nature.
 *
 * @type {Record<string, {unit: string, bound: number, ofPage: boolean}>}
 */
const GROWTH = {
  kernelMemory: { unit: 'MB', bound: 4, ofPage: false },
  // an app's pool, of two here, grows to as many as ever ran at once; a thread an action would be hundreds
  threads: { unit: '', bound: 0.5, ofPage: false },
  files: { unit: '', bound: 1, ofPage: false },
  comms: { unit: '', bound: 0.2, ofPage: false },
  widgets: { unit: '', bound: 0.2, ofPage: false },
  sessions: { unit: '', bound: 0.1, ofPage: false },
  table: { unit: 'entries', bound: 10, ofPage: false },
  heap: { unit: 'MB', bound: 3, ofPage: true },
  nodes: { unit: '', bound: 400, ofPage: true },
  detached: { unit: '', bound: 400, ofPage: true },
  listeners: { unit: '', bound: 200, ofPage: true },
  blobs: { unit: '', bound: 1, ofPage: true }
};

/** Share of the time that is not judged: caches fill, pools grow. */
const WARM_UP = 0.25;
const LEAST_SAMPLES = 4;

/**
 * Growth a minute by least squares, after the warm-up. A reload is a new page: of what belongs to the page, each
 * has its own level, and all have one slope.
 *
 * @param {Sample[]} samples
 * @param {string} name
 * @param {boolean} ofPage
 */
function slope(samples, name, ofPage) {
  const first = (samples.at(-1)?.['minute'] ?? 0) * WARM_UP;
  const judged = samples.filter(({ minute = 0 }) => minute >= first);
  if (judged.length < LEAST_SAMPLES) {
    throw new Problem(`${judged.length} samples are too few to judge; give more --minutes.`);
  }
  /** @type {Map<number, Sample[]>} */
  const groups = new Map();
  for (const sample of judged) {
    const key = ofPage ? (sample['stretch'] ?? 0) : 0;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  let [above, below] = [0, 0];
  for (const group of groups.values()) {
    const [x, y] = [mean(group, 'minute'), mean(group, name)];
    for (const sample of group) {
      const dx = (sample['minute'] ?? 0) - x;
      above += dx * ((sample[name] ?? 0) - y);
      below += dx * dx;
    }
  }
  return below === 0 ? 0 : above / below;
}

/**
 * @param {Sample[]} samples
 * @param {string} name
 */
const mean = (samples, name) =>
  samples.reduce((sum, each) => sum + (each[name] ?? 0), 0) / samples.length;

/** @param {number} value */
export const round = value => Number(value.toFixed(2));

/**
 * Say in words, and as one line of JSON, what was found; the exit code.
 *
 * @param {Found} found
 */
export function tell(found) {
  const { growth, left, handled, done, faults, errors } = found;
  const failed = [];
  console.log('\nGrowth a minute, after the warm-up');
  for (const [name, { value, bound, unit }] of Object.entries(growth)) {
    const holds = value <= bound;
    console.log(
      `  ${name.padEnd(14)}${String(value).padStart(10)} ${unit.padEnd(8)} of ${bound}${holds ? '' : '  GROWS'}`
    );
    failed.push(...(holds ? [] : [`${name} grows`]));
  }
  for (const [name, count] of Object.entries(left)) {
    failed.push(...(count === 0 ? [] : [`${count} ${name} left after closing everything`]));
  }
  if (handled.wanted !== handled.found) {
    failed.push(`${handled.found} clicks were handled of ${handled.wanted}`);
  }
  failed.push(...errors.map(text => `the page's console: ${text.slice(0, 200)}`));
  console.log(`\nDone: ${words(done)}\nFaults: ${words(faults)}\nLeft: ${words(left)}`);
  console.log(failed.length === 0 ? '\nIt held.' : `\nIt did not hold: ${failed.join('; ')}.`);
  console.log(JSON.stringify({ held: failed.length === 0, failed, ...found }));
  return failed.length === 0 ? 0 : 1;
}

/** @param {Record<string, number>} counts */
const words = counts =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

/**
 * How everything that may grow has grown.
 *
 * @param {Sample[]} samples
 * @returns {Found['growth']}
 */
export function growthOf(samples) {
  return Object.fromEntries(
    Object.entries(GROWTH).map(([name, { bound, ofPage, unit }]) => [
      name,
      { value: round(slope(samples, name, ofPage)), bound, unit }
    ])
  );
}
