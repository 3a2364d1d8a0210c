// Where things are. Every tool starts from here, so none depends on the folder it was called from.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const WINDOWS = process.platform === 'win32';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const VENV = path.join(ROOT, '.venv');
export const NODE_MODULES = path.join(ROOT, 'node_modules');
export const LABEXTENSION = path.join(ROOT, 'ipyblocks', 'labextension');

/**
 * The Python of a virtual environment.
 *
 * @param {string} venv
 */
export const pythonOf = venv =>
  path.join(venv, WINDOWS ? 'Scripts' : 'bin', WINDOWS ? 'python.exe' : 'python');

/** The Python of the project's own environment; only the kernels of the matrix run in others. */
export const PYTHON = pythonOf(VENV);

/**
 * A path inside the checkout.
 *
 * @param {string[]} parts
 */
export const inRoot = (...parts) => path.join(ROOT, ...parts);

/**
 * The script behind a package's command: run with Node itself, it needs no shell on any platform.
 *
 * @param {string[]} parts path below node_modules
 */
export const inNodeModules = (...parts) => path.join(NODE_MODULES, ...parts);
