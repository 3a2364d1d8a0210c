// What the benches share: how samples become figures, and the form in which they are reported.

/**
 * One measured quantity: samples, summed up, or a count, which is the same in every run.
 *
 * @typedef {object} Figure
 * @property {'ms' | 'ns' | 'bytes' | 'messages'} unit
 * @property {number} median of the samples, or the count itself
 * @property {number} [p95]
 * @property {number} [samples] how many
 *
 * What is judged: a ratio or a difference to a baseline of the same run, or a count.
 *
 * @typedef {object} Verdict
 * @property {number} value
 * @property {number} reach what it should stay below
 * @property {string} of what `value` is, in words
 *
 * @typedef {object} Report what a bench prints, as JSON, on its standard output
 * @property {Record<string, Figure>} figures
 * @property {Record<string, Verdict>} verdicts
 * @property {Record<string, string>} [versions]
 */

/**
 * @param {readonly number[]} samples in ms
 * @returns {Figure}
 */
export function figure(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    unit: 'ms',
    median: round(quantile(sorted, 0.5)),
    p95: round(quantile(sorted, 0.95)),
    samples: sorted.length
  };
}

/**
 * @param {'bytes' | 'messages'} unit
 * @param {number} count
 * @returns {Figure}
 */
export const counted = (unit, count) => ({ unit, median: count });

/**
 * Median of the ratios of samples taken side by side. What slows the machine down for a moment slows
 * both, so this is steadier than the ratio of two medians.
 *
 * @param {readonly number[]} samples
 * @param {readonly number[]} baseline of the same length and order
 */
export function ratio(samples, baseline) {
  const ratios = samples.map((sample, i) => sample / (baseline[i] ?? NaN));
  return round(
    quantile(
      ratios.sort((a, b) => a - b),
      0.5
    ),
    3
  );
}

/** @param {Report} report */
export function emit(report) {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/**
 * @param {readonly number[]} sorted
 * @param {number} share
 */
function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const [low = NaN, high = low] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place % 1);
}

/**
 * @param {number} value
 * @param {number} [digits]
 */
const round = (value, digits = 2) => Number(value.toFixed(digits));
