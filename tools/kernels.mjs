// Kernels of several versions of ipykernel, for the tests that every one of them must pass: each in an
// environment of its own, which has the kernel's side and nothing of a server.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PYTHON, ROOT, inRoot, pythonOf } from './paths.mjs';
import { mustRun } from './run.mjs';
import { hashOf, isStamped, writeStamp } from './stamp.mjs';

/**
 * What differs: before 7 there are no subshells; 7.4 answers a comm on the shell that last published on
 * it, and sends no status for messages that it handles while a cell awaits.
 */
const VERSIONS = ['6.31.0', '7.3.0', '7.4.0'];

/** Names of the kernels, as a notebook's metadata has them: `ipykernel-7.4`. */
export const KERNELS = VERSIONS.map(nameOf);

const HOME = inRoot('.cache', 'kernels');

/** Where a server finds them, for its `JUPYTER_PATH`. */
export const KERNELS_PATH = path.join(HOME, 'jupyter');

/** @param {string} version */
function nameOf(version) {
  return `ipykernel-${version.split('.').slice(0, 2).join('.')}`;
}

/**
 * Install what is missing, one after the other: the tree they are all installed from is built in place.
 *
 * @param {NodeJS.ProcessEnv} env for Python
 */
export async function ensureKernels(env) {
  for (const version of VERSIONS) {
    await ensureKernel(version, env);
  }
}

/**
 * @param {string} version
 * @param {NodeJS.ProcessEnv} env
 */
async function ensureKernel(version, env) {
  const name = nameOf(version);
  const venv = path.join(HOME, name);
  const python = pythonOf(venv);
  const stamp = path.join(venv, '.ipyblocks-stamp');
  const { version: own } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const hash = `${version} ${own} ${hashOf([inRoot('pyproject.toml')])}`;
  if (existsSync(python) && isStamped(stamp, hash)) {
    return;
  }
  console.log(`Installing ipykernel ${version} …`);
  const failed = `The kernel for the tests with ipykernel ${version} could not be installed.`;
  await mustRun(failed, PYTHON, ['-m', 'venv', '--clear', venv], env);
  const packages = ['-e', ROOT, `ipykernel==${version}`];
  await mustRun(failed, python, ['-m', 'pip', 'install', ...packages], {
    ...env,
    // a kernel has no page
    SKIP_JUPYTER_BUILDER: '1'
  });
  writeSpec(name, version, python);
  writeStamp(stamp, hash);
}

/**
 * @param {string} name
 * @param {string} version
 * @param {string} python
 */
function writeSpec(name, version, python) {
  const folder = path.join(KERNELS_PATH, 'kernels', name);
  const spec = {
    argv: [python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    display_name: `ipykernel ${version}`,
    language: 'python'
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'kernel.json'), JSON.stringify(spec, null, 2));
}
