// Start and stop a real JupyterLab that neither reads nor changes anything of the user's own.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PYTHON } from './paths.mjs';
import { Problem } from './run.mjs';
import { pythonEnv } from './setup.mjs';

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 60_000;

/** Settings for every JupyterLab we start: `{plugin id: {setting: value}}`. */
const SETTINGS = {
  '@jupyterlab/apputils-extension:notification': {
    fetchNews: 'false',
    checkForUpdates: false,
    doNotDisturbMode: true
  },
  // a notebook without a kernel's name gets Python instead of a dialog
  '@jupyterlab/notebook-extension:tracker': { autoStartDefaultKernel: true }
};

const FLAGS = [
  '--no-browser',
  '--ServerApp.ip=127.0.0.1',
  '--ServerApp.port=0',
  '--ServerApp.allow_root=True',
  '--ServerApp.log_level=WARN',
  '--LabApp.expose_app_in_browser=True',
  '--JupyterNotebookApp.expose_app_in_browser=True',
  '--LabApp.extension_manager=readonly',
  '--LabApp.news_url=None',
  '--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate'
];

/**
 * A running JupyterLab.
 *
 * @typedef {object} Lab
 * @property {string} url address of the server, with a slash at its end
 * @property {string} token
 * @property {string} root the folder it serves
 * @property {number} pid
 * @property {(notebook: string, classic?: boolean) => string} urlOf address that opens a notebook, given
 *   relative to root; with `classic` in Notebook 7, which the same server serves
 * @property {() => string} log what the server has printed
 * @property {() => Promise<void>} stop ends server and kernels, removes its temporary folders
 */

/**
 * Start a JupyterLab on a free port and wait until it answers.
 *
 * @param {object} options
 * @param {string} options.root the folder to serve
 * @param {Record<string, Record<string, unknown>>} [options.settings] over SETTINGS, by plugin id
 * @param {string[]} [options.flags] more command line options, last word
 * @param {NodeJS.ProcessEnv} [options.env] more environment variables
 * @param {string[]} [options.without] extensions of the page that are left out
 * @returns {Promise<Lab>}
 */
export async function startLab({ root, settings = {}, flags = [], env = {}, without = [] }) {
  const home = mkdtempSync(path.join(tmpdir(), 'ipyblocks-lab-'));
  const token = randomBytes(24).toString('hex');
  writeSettings(path.join(home, 'settings'), { ...SETTINGS, ...settings });
  writePageConfig(path.join(home, 'config', 'labconfig'), without);
  // In a process group of its own, so that Ctrl-C reaches us alone and we end it in good order.
  const server = spawn(
    PYTHON,
    ['-m', 'jupyterlab', ...FLAGS, `--ServerApp.root_dir=${root}`, ...flags],
    { env: labEnv(home, token, env), stdio: ['ignore', 'pipe', 'pipe'], detached: true }
  );
  let printed = '';
  const keep = (/** @type {Buffer} */ chunk) => (printed += chunk);
  server.stdout.on('data', keep);
  server.stderr.on('data', keep);
  server.on('error', keep);
  const ended = new Promise(resolve => server.once('close', resolve));
  const killNow = () => server.kill('SIGKILL');
  process.once('exit', killNow);

  const stop = async () => {
    process.off('exit', killNow);
    server.kill('SIGTERM');
    const tooLong = setTimeout(killNow, STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(tooLong);
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };

  const url = await whenReady(path.join(home, 'runtime'), token, () => server.exitCode !== null);
  if (!url) {
    await stop();
    throw new Problem(`JupyterLab did not start. It said:\n\n${printed}`);
  }
  return {
    url,
    token,
    root,
    pid: /** @type {number} */ (server.pid),
    urlOf: urlsOf(url, token),
    log: () => printed,
    stop
  };
}

/**
 * {@link Lab.urlOf}, for those who know a server by its address.
 *
 * @param {string} url
 * @param {string} token
 * @param {string} [workspace] what is open is kept under that name, and opened again after a reload;
 *   browsers that are at work at the same time want one each
 * @returns {Lab['urlOf']}
 */
export function urlsOf(url, token, workspace = 'default') {
  const lab = workspace === 'default' ? 'lab/tree/' : `lab/workspaces/${workspace}/tree/`;
  return (notebook, classic = false) => {
    const page = classic ? 'notebooks/' : lab;
    return `${url}${page}${encodeURI(notebook)}?reset&token=${token}`;
  };
}

/**
 * The project's environment, with all of Jupyter's personal folders below `home`. What the .venv
 * itself holds, our labextension above all, is found through Python's prefix as ever.
 *
 * @param {string} home
 * @param {string} token
 * @param {NodeJS.ProcessEnv} more
 */
function labEnv(home, token, more) {
  /** @type {NodeJS.ProcessEnv} */
  const env = {
    ...pythonEnv(),
    JUPYTER_PATH: undefined,
    JUPYTER_CONFIG_PATH: undefined,
    IPYTHONDIR: path.join(home, 'ipython'),
    JUPYTERLAB_SETTINGS_DIR: path.join(home, 'settings'),
    JUPYTERLAB_WORKSPACES_DIR: path.join(home, 'workspaces'),
    JUPYTER_CONFIG_DIR: path.join(home, 'config'),
    JUPYTER_DATA_DIR: path.join(home, 'data'),
    JUPYTER_PREFER_ENV_PATH: '1',
    JUPYTER_RUNTIME_DIR: path.join(home, 'runtime'),
    // not a command line option: those are readable by everybody on the machine
    JUPYTER_TOKEN: token,
    ...more
  };
  return env;
}

/**
 * @param {string} folder
 * @param {Record<string, Record<string, unknown>>} settings
 */
function writeSettings(folder, settings) {
  for (const [plugin, values] of Object.entries(settings)) {
    const [extension = '', name] = plugin.split(':');
    mkdirSync(path.join(folder, extension), { recursive: true });
    const file = path.join(folder, extension, `${name}.jupyterlab-settings`);
    writeFileSync(file, JSON.stringify(values));
  }
}

/**
 * @param {string} folder
 * @param {string[]} without
 */
function writePageConfig(folder, without) {
  const disabledExtensions = Object.fromEntries(without.map(name => [name, true]));
  // whether JupyterLab should be built anew is asked at every load, and takes half a second
  const config = { disabledExtensions, buildAvailable: false, buildCheck: false };
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'page_config.json'), JSON.stringify(config));
}

/**
 * The server's address once it answers; undefined when it ended or took too long.
 *
 * @param {string} runtime the folder where servers leave their address
 * @param {string} token
 * @param {() => boolean} hasEnded
 */
async function whenReady(runtime, token, hasEnded) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && !hasEnded()) {
    const url = addressIn(runtime);
    if (url && (await answers(`${url}api/status?token=${token}`))) {
      return url;
    }
    await pause(100);
  }
  return undefined;
}

/**
 * @param {string} runtime
 * @returns {string | undefined}
 */
function addressIn(runtime) {
  try {
    const file = readdirSync(runtime).find(name => /^jpserver-\d+\.json$/.test(name));
    return file && JSON.parse(readFileSync(path.join(runtime, file), 'utf8')).url;
  } catch {
    return undefined; // no folder yet, or a file half written
  }
}

/** @param {string} url */
const answers = url =>
  fetch(url).then(
    response => response.ok,
    () => false
  );
