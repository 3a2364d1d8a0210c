// `npm run bench [-- name …]`: run the measurements of bench/, one after the other, and keep what they
// found in bench/results. `--reference` keeps it as the figures that docs/performance.md quotes.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PYTHON, ROOT, inRoot } from './paths.mjs';
import { Problem, command } from './run.mjs';
import { ensure, pythonEnv } from './setup.mjs';

/** @typedef {import('../bench/_results.mjs').Report} Report */

await command(async () => {
  const { wanted, options, reference } = wishes(process.argv.slice(2));
  await ensure({ chromium: true });
  const benches = existsSync(inRoot('bench')) ? benchesIn(inRoot('bench')) : [];
  const chosen = benches.filter(
    name => wanted.length === 0 || wanted.some(word => name.includes(word))
  );
  if (chosen.length === 0) {
    throw new Problem(`No such bench. There are: ${benches.join(', ') || 'none'}`);
  }
  /** @type {Report} */
  const all = { figures: {}, verdicts: {}, versions: {} };
  const failed = [];
  for (const name of chosen) {
    console.log(`\n── ${name}`);
    const report = await runBench(name, options);
    if (report === null) {
      failed.push(name);
      continue;
    }
    show(report);
    Object.assign(all.figures, report.figures);
    Object.assign(all.verdicts, report.verdicts);
    Object.assign(all.versions ?? {}, report.versions);
  }
  console.log(`\nWrote ${path.relative(ROOT, keep(all, reference))}`);
  if (failed.length > 0) {
    throw new Problem(`Failed: ${failed.join(', ')}`);
  }
});

/** @param {string[]} words */
function wishes(words) {
  return {
    wanted: words.filter(word => !word.startsWith('-')),
    options: words.filter(word => word.startsWith('-') && word !== '--reference'),
    reference: words.includes('--reference')
  };
}

/** @param {string} folder */
function benchesIn(folder) {
  // a leading underscore marks what the benches share
  return readdirSync(folder)
    .filter(name => /^[^_].*\.(py|mjs)$/.test(name))
    .sort();
}

/**
 * What a bench prints as the last line of its standard output is its report; null when it failed.
 *
 * @param {string} name
 * @param {string[]} options
 * @returns {Promise<Report | null>}
 */
function runBench(name, options) {
  const program = name.endsWith('.py') ? PYTHON : process.execPath;
  return new Promise(resolve => {
    const child = spawn(program, [inRoot('bench', name), ...options], {
      cwd: ROOT,
      env: pythonEnv(),
      stdio: ['ignore', 'pipe', 'inherit']
    });
    let printed = '';
    child.stdout.on('data', chunk => (printed += chunk));
    child.on('error', () => resolve(null));
    child.on('close', code => {
      const last = printed.trim().split('\n').at(-1) ?? '';
      resolve(code === 0 ? /** @type {Report} */ (JSON.parse(last)) : null);
    });
  });
}

/** @param {Report} report */
function show({ figures, verdicts }) {
  for (const [name, { unit, median, p95 }] of Object.entries(figures)) {
    const tail = p95 === undefined ? '' : `   p95 ${p95}`;
    console.log(`  ${name.padEnd(46)} ${String(median).padStart(10)} ${unit}${tail}`);
  }
  for (const [name, { value, reach, of }] of Object.entries(verdicts)) {
    const word = value <= reach ? 'reached' : 'MISSED ';
    console.log(`  ${word} ${name.padEnd(38)} ${String(value).padStart(10)} ${of} (≤ ${reach})`);
  }
}

/**
 * @param {Report} report
 * @param {boolean} reference
 * @returns {string} the file
 */
function keep({ figures, verdicts, versions }, reference) {
  const folder = inRoot('bench', 'results');
  const recorded = new Date().toISOString();
  const name = reference ? 'reference' : recorded.replace(/[:.]/g, '-');
  const file = path.join(folder, `${name}.json`);
  const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const [cpu] = os.cpus();
  const machine = {
    system: `${os.platform()} ${os.arch()}`,
    cpu: cpu?.model,
    cores: os.cpus().length
  };
  const all = { ipyblocks: version, node: process.versions.node, ...versions };
  mkdirSync(folder, { recursive: true });
  const result = { recorded, machine, versions: all, verdicts, figures };
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}
