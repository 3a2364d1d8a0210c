// Make a checkout ready to work in: node_modules, .venv, the built labextension and, on request,
// Chromium and the kernels of the matrix. What is ready already is left alone, so calling this first
// costs nothing.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync
} from 'node:fs';
import path from 'node:path';
import { BUILD_STAMP, build, hashOfSources } from './build.mjs';
import { ensureChromium } from './chromium.mjs';
import { ensureKernels } from './kernels.mjs';
import { withLock } from './lock.mjs';
import { LABEXTENSION, NODE_MODULES, PYTHON, VENV, inRoot } from './paths.mjs';
import { Problem, command, isMain, mustRun, run } from './run.mjs';
import { hashOf, isStamped, writeStamp } from './stamp.mjs';

const OLDEST_PYTHON = [3, 10];
const PYTHONS = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
const LABEXTENSION_LINK = path.join(VENV, 'share', 'jupyter', 'labextensions', 'ipyblocks');

/**
 * The environment for project Pythons: the user's own packages and settings stay out of it.
 *
 * @returns {NodeJS.ProcessEnv}
 */
export function pythonEnv() {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, PYTHONNOUSERSITE: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  for (const name of ['PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP', 'PIP_USER', 'PIP_TARGET']) {
    delete env[name];
  }
  return env;
}

/**
 * @typedef {object} Needs
 * @property {boolean} [chromium]
 * @property {boolean} [kernels] those of the matrix
 * @property {boolean} [built] true when left out; a linter must run even where the sources do not compile
 *
 * @param {Needs} [needs] what to install beyond node_modules and .venv
 */
export async function ensure({ chromium = false, kernels = false, built = true } = {}) {
  checkNode();
  await withLock(inRoot('.cache', 'setup.lock'), async () => {
    await allDone([ensureNodeModules(), ensureVenv()]);
    ensureLink();
    if (built) {
      await ensureBuilt();
    }
    if (kernels) {
      await ensureKernels(pythonEnv());
    }
    if (chromium) {
      await ensureChromium();
    }
  });
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Problem(`Node 20 or newer is needed; this is ${process.version}.`);
  }
}

/**
 * Like Promise.all, but waits for the others before reporting a failure: nothing may still be
 * installing when we say that we stopped.
 *
 * @param {Promise<void>[]} works
 */
async function allDone(works) {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed) {
    throw /** @type {PromiseRejectedResult} */ (failed).reason;
  }
}

async function ensureNodeModules() {
  const stamp = path.join(NODE_MODULES, '.ipyblocks-stamp');
  const hash = hashOf([inRoot('package-lock.json')]);
  if (isStamped(stamp, hash)) {
    return;
  }
  console.log('Installing npm packages …');
  await mustRun(
    'npm could not install the packages of package-lock.json; the reason is below.',
    'npm',
    // not `npm ci`: it refuses a lock file that lacks another platform's native bindings
    ['install', '--no-save', '--no-audit', '--no-fund']
  );
  writeStamp(stamp, hash);
}

async function ensureVenv() {
  const stamp = path.join(VENV, '.ipyblocks-stamp');
  const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const hash = `${version} ${hashOf([inRoot('pyproject.toml'), inRoot('jupyter-config')])}`;
  if (existsSync(PYTHON) && isStamped(stamp, hash)) {
    return;
  }
  console.log('Installing Python packages …');
  if (!existsSync(PYTHON)) {
    await createVenv();
  }
  // pip must not write through the link into the build, nor find no folder to install from
  rmSync(LABEXTENSION_LINK, { recursive: true, force: true });
  mkdirSync(LABEXTENSION, { recursive: true });
  await mustRun(
    'pip could not install the project into .venv. Look at the reason below; deleting .venv ' +
      'starts afresh.',
    PYTHON,
    ['-m', 'pip', 'install', '-e', '.[dev]'],
    // the page is built by us, once
    { ...pythonEnv(), SKIP_JUPYTER_BUILDER: '1' }
  );
  writeStamp(stamp, hash);
}

async function createVenv() {
  const python = await findPython();
  await mustRun(
    `\`${python} -m venv .venv\` failed. On Debian and Ubuntu install the package python3-venv.`,
    python,
    ['-m', 'venv', '--clear', VENV],
    pythonEnv()
  );
}

async function findPython() {
  const [major, minor] = OLDEST_PYTHON;
  const check = `import sys; sys.exit(sys.version_info < (${major}, ${minor}))`;
  for (const python of PYTHONS) {
    if ((await run(python, ['-c', check], { quiet: true })).code === 0) {
      return python;
    }
  }
  throw new Problem(
    `No Python ${major}.${minor} or newer was found on the PATH (looked for ${PYTHONS.join(', ')}).`
  );
}

async function ensureBuilt() {
  const isBuilt = existsSync(path.join(LABEXTENSION, 'package.json'));
  if (isBuilt && isStamped(BUILD_STAMP, hashOfSources())) {
    return;
  }
  console.log('Building the labextension …');
  await build({ quiet: true });
}

/** The labextension JupyterLab finds *is* the build, so a rebuild shows up on reload. */
function ensureLink() {
  const entry = lstatSync(LABEXTENSION_LINK, { throwIfNoEntry: false });
  if (entry?.isSymbolicLink() && readlinkSync(LABEXTENSION_LINK) === LABEXTENSION) {
    return;
  }
  rmSync(LABEXTENSION_LINK, { recursive: true, force: true });
  mkdirSync(path.dirname(LABEXTENSION_LINK), { recursive: true });
  // a junction, on Windows, needs no special rights
  symlinkSync(LABEXTENSION, LABEXTENSION_LINK, 'junction');
}

if (isMain(import.meta)) {
  await command(async () => {
    await ensure({ chromium: process.argv.includes('--chromium') });
    console.log('Ready.');
  });
}
