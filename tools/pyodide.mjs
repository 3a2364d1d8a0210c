// What the project needs of Python inside Pyodide: wheels for the platform of the Pyodide in node_modules.
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { PYTHON, inNodeModules, inRoot } from './paths.mjs';
import { mustRun } from './run.mjs';
import { pythonEnv } from './setup.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

const HOME = inRoot('.cache', 'pyodide');

/** Requirements of the package; ipywidgets belongs to the notebook around it. */
const REQUIREMENTS = `
from importlib.metadata import requires
for each in requires("ipyblocks"):
    if "extra ==" not in each and not each.startswith("ipywidgets"):
        print(each)
`;

/**
 * Download the wheels that are missing.
 *
 * @returns {Promise<string[]>} paths of all of them
 */
export async function ensureWheels() {
  const failed = 'The Python packages for Pyodide could not be downloaded; the reason is below.';
  const listed = await mustRun(failed, PYTHON, ['-c', REQUIREMENTS], pythonEnv());
  const requirements = listed.split('\n').flatMap(line => line.trim() || []);
  const platform = platformOptions();
  const stamp = path.join(HOME, '.stamp');
  const wanted = [...platform, ...requirements].join(' ');
  if (!isStamped(stamp, wanted)) {
    console.log('Downloading Python packages for Pyodide …');
    rmSync(HOME, { recursive: true, force: true });
    mkdirSync(HOME, { recursive: true });
    const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:'];
    const args = [...download, '--dest', HOME, ...platform, ...requirements];
    await mustRun(failed, PYTHON, args, pythonEnv());
    writeStamp(stamp, wanted);
  }
  return readdirSync(HOME)
    .filter(name => name.endsWith('.whl'))
    .map(name => path.join(HOME, name));
}

/** What pip is told about Pyodide's Python: 3.14 and 2026_0, say. */
function platformOptions() {
  const { info } = JSON.parse(readFileSync(inNodeModules('pyodide', 'pyodide-lock.json'), 'utf8'));
  const [major, minor] = info.python.split('.');
  return [
    `--platform=pyemscripten_${info.abi_version}_${info.arch}`,
    `--python-version=${major}.${minor}`,
    '--implementation=cp',
    `--abi=cp${major}${minor}`
  ];
}
