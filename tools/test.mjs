// `npm test`: every check there is, each one's output, and at the end one line with the sum.
// `npm test -- unit python`: only those, by group or by step name.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { PYTHON, inNodeModules, inRoot } from './paths.mjs';
import { Problem, command, run } from './run.mjs';
import { ensure, pythonEnv } from './setup.mjs';

/**
 * @typedef {{passed: number, failed: number}} Counts
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {'lint' | 'python' | 'slow' | 'unit' | 'link' | 'pyodide' | 'ui' | 'matrix'} group
 * @property {string[]} run program and arguments
 * @property {string} [report] what the runner writes for machines; without one, the step is one test
 * @property {(text: string) => Counts} [count] reads it
 * @property {{chromium: boolean, kernels?: boolean}} [needs] a built page, and what goes with it
 *
 * @typedef {Counts & {step: Step, seconds: number}} Result
 */

const REPORTS = inRoot('.cache', 'reports');
const VITEST = inNodeModules('vitest', 'vitest.mjs');

/** Over the processors: the tests wait for threads and processes more than they compute. */
const SPREAD = ['--numprocesses=logical', '--maxprocesses=4', '--dist=worksteal'];

/** @param {string[]} args */
const node = (...args) => [process.execPath, ...args];

/**
 * @param {'unit' | 'link' | 'pyodide' | 'ui' | 'matrix'} project
 * @returns {Step}
 */
function vitest(project) {
  const report = path.join(REPORTS, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return {
    name: `vitest-${project}`,
    group: project,
    run: node(VITEST, 'run', '--project', project, ...reporters),
    report,
    count: countVitest
  };
}

/**
 * @param {string} name
 * @param {'python' | 'slow'} group
 * @param {string} marked which tests, as `pytest -m` takes it
 * @returns {Step}
 */
function pytest(name, group, marked) {
  const report = path.join(REPORTS, `${name}.xml`);
  return {
    name,
    group,
    run: [PYTHON, '-m', 'pytest', '-q', ...SPREAD, '-m', marked, `--junitxml=${report}`],
    report,
    count: countJunit
  };
}

/** In the order of the summary. @type {Step[]} */
const STEPS = [
  { name: 'gen', group: 'lint', run: [PYTHON, inRoot('tools', 'gen.py'), '--check'] },
  { name: 'api', group: 'lint', run: node(inRoot('tools', 'api.mjs'), '--check') },
  {
    name: 'ruff',
    group: 'lint',
    run: [PYTHON, '-m', 'ruff', 'check', '--output-format=concise', '.']
  },
  { name: 'ruff-format', group: 'lint', run: [PYTHON, '-m', 'ruff', 'format', '--check', '.'] },
  { name: 'mypy', group: 'lint', run: [PYTHON, '-m', 'mypy'] },
  {
    name: 'tsc',
    group: 'lint',
    run: node(inNodeModules('typescript', 'bin', 'tsc'), '--project', inRoot('test'))
  },
  {
    name: 'eslint',
    group: 'lint',
    run: node(inNodeModules('eslint', 'bin', 'eslint.js'), '--max-warnings', '0', '.')
  },
  {
    name: 'prettier',
    group: 'lint',
    run: node(inNodeModules('prettier', 'bin', 'prettier.cjs'), '--check', '.')
  },
  pytest('pytest', 'python', 'not slow'),
  pytest('pytest-slow', 'slow', 'slow'),
  vitest('unit'),
  vitest('link'),
  { ...vitest('pyodide'), name: 'pyodide' },
  { ...vitest('ui'), needs: { chromium: true } },
  { ...vitest('matrix'), needs: { chromium: true, kernels: true } }
];

/**
 * @param {string} text JUnit XML as pytest writes it: one <testsuite> with its sums
 * @returns {Counts}
 */
function countJunit(text) {
  const sum = (/** @type {string} */ name) =>
    Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
  const failed = sum('failures') + sum('errors');
  return { passed: Math.max(0, sum('tests') - failed - sum('skipped')), failed };
}

/**
 * @param {string} text
 * @returns {Counts}
 */
function countVitest(text) {
  const { numPassedTests, numFailedTests } = JSON.parse(text);
  return { passed: numPassedTests, failed: numFailedTests };
}

/**
 * @param {Step} step
 * @returns {Promise<Result>}
 */
async function runStep(step) {
  const start = Date.now();
  const { code, output } = await prepareAndRun(step);
  const seconds = (Date.now() - start) / 1000;
  console.log(`\n━━ ${step.name}\n${output.trim()}`);
  return { step, seconds, ...countOf(step, code) };
}

/** @param {Step} step */
async function prepareAndRun(step) {
  try {
    if (step.needs) {
      await ensure(step.needs);
    }
  } catch (error) {
    return { code: 1, output: error instanceof Problem ? error.message : String(error) };
  }
  const [program = '', ...args] = step.run;
  const env = { ...pythonEnv(), NO_COLOR: '1', FORCE_COLOR: undefined };
  return run(program, args, { env, quiet: true });
}

/**
 * A runner that fails without a failed test (it crashed, or a file would not load) is one failure.
 *
 * @param {Step} step
 * @param {number} code
 * @returns {Counts}
 */
function countOf({ report, count }, code) {
  const counts = report && count ? readReport(report, count) : { passed: 1, failed: 0 };
  if (code === 0) {
    return counts;
  }
  return {
    passed: report ? counts.passed : 0,
    failed: Math.max(1, counts.failed)
  };
}

/**
 * @param {string} report
 * @param {(text: string) => Counts} count
 * @returns {Counts}
 */
function readReport(report, count) {
  try {
    return count(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1 }; // no report: the runner never got that far
  }
}

/**
 * Two at a time, as small machines have two cores; those with a browser use them all and go alone.
 *
 * @param {Step[]} steps
 * @returns {Promise<Result[]>}
 */
async function runSteps(steps) {
  const isAlone = (/** @type {Step} */ { needs }) => needs !== undefined;
  const waiting = steps.filter(step => !isAlone(step));
  /** @type {Result[]} */
  const results = [];
  const worker = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      results.push(await runStep(step));
    }
  };
  await Promise.all([worker(), worker()]);
  for (const step of steps.filter(isAlone)) {
    results.push(await runStep(step));
  }
  return results.sort((a, b) => STEPS.indexOf(a.step) - STEPS.indexOf(b.step));
}

/** @param {string[]} words */
function chosenSteps(words) {
  const known = STEPS.flatMap(({ name, group }) => [name, group]);
  const unknown = words.filter(word => !known.includes(word));
  if (unknown.length > 0) {
    throw new Problem(
      `Unknown: ${unknown.join(', ')}. Choose from ${[...new Set(known)].join(', ')}.`
    );
  }
  return STEPS.filter(
    ({ name, group }) => words.length === 0 || words.includes(name) || words.includes(group)
  );
}

/** @param {Result[]} results */
function summarize(results) {
  console.log('\n━━ summary');
  for (const { step, passed, failed, seconds } of results) {
    const mark = failed > 0 ? 'FAILED' : 'ok';
    const counts = `${passed} passed, ${failed} failed`;
    console.log(
      `${step.name.padEnd(14)}${mark.padEnd(8)}${counts.padEnd(24)}${seconds.toFixed(1)} s`
    );
  }
  const total = (/** @type {keyof Counts} */ key) =>
    results.reduce((sum, result) => sum + result[key], 0);
  console.log(`\n${total('passed')} passed, ${total('failed')} failed`);
  return total('failed') === 0 ? 0 : 1;
}

await command(async () => {
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  try {
    const steps = chosenSteps(process.argv.slice(2));
    await ensure({ built: false });
    return summarize(await runSteps(steps));
  } catch (error) {
    console.error(error instanceof Problem ? error.message : error);
    console.log('\n0 passed, 1 failed');
    return 1;
  }
});
