// What the page benches share: a JupyterLab, a Chromium, one page in it, and what its socket carries.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Notebook, launchBrowser } from '../tools/browser.mjs';
import { KERNELS_PATH } from '../tools/kernels.mjs';
import { startLab } from '../tools/lab.mjs';
import { notebookOf } from '../tools/notebook.mjs';
import { Problem } from '../tools/run.mjs';

/**
 * Messages on the socket of a kernel.
 *
 * @typedef {{up: number, upBytes: number, down: number, downBytes: number}} Traffic
 *
 * @typedef {object} Bench
 * @property {Notebook} notebook
 * @property {() => Traffic} traffic so far, of all kernels of this page
 * @property {() => Promise<number>} cpu ms of processor time so far, of the page's main thread and the kernel
 * @property {(name: string, cells: readonly string[]) => Promise<void>} open a notebook with a kernel of
 *   its own; the one before is closed
 * @property {string} folder of the notebooks, which the kernels see as well
 * @property {boolean} noDelay the server sends each message of a kernel at once; false: as Jupyter Server comes
 * @property {Record<string, string>} versions
 */

const BLANK = 'blank.ipynb';

/**
 * Run `work` with one page of one JupyterLab.
 *
 * @param {Pick<Bench, 'noDelay'> & {kernel?: string | undefined}} server with the kernel's name; by default
 *   that of the project's environment
 * @param {(bench: Bench) => Promise<void>} work
 */
export async function withPage({ noDelay, kernel }, work) {
  const root = mkdtempSync(path.join(tmpdir(), 'ipyblocks-bench-'));
  write(root, BLANK, [], kernel);
  const lab = await startLab({
    root,
    env: kernel === undefined ? {} : { JUPYTER_PATH: KERNELS_PATH },
    flags: [`--IPyBlocksServer.tcp_nodelay=${noDelay ? 'True' : 'False'}`]
  });
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const traffic = count(page);
    const notebook = new Notebook(page, lab, BLANK);
    await notebook.open();
    await notebook.hideSidebar();
    await checkServer(notebook, noDelay);
    const versions = { chromium: browser.version(), ...(await versionsOf(notebook)) };
    /** @type {Bench['open']} */
    const open = async (name, cells) => {
      await notebook.closeFile();
      write(root, name, cells, kernel);
      await notebook.openNext(name);
    };
    const cpu = await cpuOf(notebook);
    await work({
      notebook,
      cpu,
      traffic: () => ({ ...traffic }),
      open,
      folder: root,
      noDelay,
      versions
    });
  } finally {
    await browser.close();
    await lab.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * Figures of a server that is not the one they are named after are worse than none.
 *
 * @param {Notebook} notebook
 * @param {boolean} noDelay
 */
async function checkServer({ page }, noDelay) {
  const told = await page.evaluate(() => {
    const config = document.getElementById('jupyter-config-data')?.textContent ?? '{}';
    return JSON.parse(config).ipyblocksTcpNoDelay;
  });
  if (told !== noDelay) {
    throw new Problem(
      `The server's extension says ${told} of TCP_NODELAY where ${noDelay} was asked for. Is it enabled? ` +
        '`jupyter server extension list` tells.'
    );
  }
}

/**
 * @param {string} root
 * @param {string} name
 * @param {readonly string[]} cells
 * @param {string | undefined} kernel
 */
function write(root, name, cells, kernel) {
  writeFileSync(path.join(root, name), JSON.stringify(notebookOf(cells, kernel)));
}

/**
 * @param {import('playwright-core').Page} page
 * @returns {Traffic}
 */
function count(page) {
  const traffic = { up: 0, upBytes: 0, down: 0, downBytes: 0 };
  page.on('websocket', socket => {
    if (socket.url().includes('/api/kernels/')) {
      socket.on('framesent', ({ payload }) => {
        traffic.up += 1;
        traffic.upBytes += Buffer.byteLength(payload);
      });
      socket.on('framereceived', ({ payload }) => {
        traffic.down += 1;
        traffic.downBytes += Buffer.byteLength(payload);
      });
    }
  });
  return traffic;
}

/**
 * Time on the processor, which others who use it too disturb less than they do the clock.
 *
 * @param {Notebook} notebook
 * @returns {Promise<() => Promise<number>>}
 */
async function cpuOf(notebook) {
  const { page } = notebook;
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const kernel = Number(await notebook.execute('import time; print(time.process_time())'));
    const { metrics } = await session.send('Performance.getMetrics');
    const tasks = metrics.find(({ name }) => name === 'TaskDuration');
    return (kernel + (tasks?.value ?? NaN)) * 1000;
  };
}

/**
 * Of what the kernel has: one of another environment has nothing of a server.
 *
 * @param {Notebook} notebook
 * @returns {Promise<Record<string, string>>}
 */
async function versionsOf(notebook) {
  const printed = await notebook.execute(`
import importlib.metadata, json, platform
_names = "ipyblocks ipywidgets jupyterlab_widgets ipykernel jupyterlab jupyter_server msgspec".split()
_there = {each.metadata["Name"].lower().replace("-", "_") for each in importlib.metadata.distributions()}
_found = {name: importlib.metadata.version(name) for name in _names if name in _there}
print(json.dumps({"python": platform.python_version(), **_found}))
`);
  return JSON.parse(printed);
}
