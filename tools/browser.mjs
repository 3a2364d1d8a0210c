// Drive notebooks in a real Chromium: open, run cells, restart, look at what came out.
// Everything goes through `window.jupyterapp`, which lab.mjs makes JupyterLab expose.
import { chromium } from 'playwright-core';
import { ensureChromium } from './chromium.mjs';

const FLAGS = [
  // needed as root and in most containers; the pages we open are our own
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // a camera that shows moving colours, and that nobody has to allow
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream'
];

/** Milliseconds for what comes in a few of them, on a machine that is busy in seconds. */
const PATIENCE = 60_000;

/**
 * @typedef {import('playwright-core').Browser} Browser
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./lab.mjs').Lab} Lab
 * @typedef {import('@jupyterlab/nbformat').IOutput} Output
 *
 * @typedef {object} PageOptions
 * @property {number} [width] of the window, in CSS pixels
 * @property {number} [height]
 * @property {number} [scale] device pixels a CSS pixel
 * @property {boolean} [reducedMotion]
 * @property {boolean} [classic] in Notebook 7 instead of JupyterLab
 * @property {boolean} [wakes] connect to the kernel once more when it leaves a request unread
 */

/**
 * Start a headless Chromium (installed when that is possible).
 *
 * @returns {Promise<Browser>}
 */
export async function launchBrowser() {
  return chromium.launch({ executablePath: await ensureChromium(), args: FLAGS });
}

/**
 * Open a notebook in a fresh browser context and wait until its kernel is idle.
 *
 * @param {Browser} browser
 * @param {Pick<Lab, 'urlOf'>} lab
 * @param {string} file the notebook, relative to the lab's root
 * @param {PageOptions} [options]
 */
export async function openNotebook(browser, lab, file, options = {}) {
  const { width = 1280, height = 900, scale = 1, reducedMotion = false, classic = false } = options;
  const { wakes = false } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference'
  });
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(keepTheme);
  if (wakes) {
    await context.addInitScript(wakeKernel);
  }
  const notebook = new Notebook(await context.newPage(), lab, file, classic);
  await notebook.open();
  return notebook;
}

/**
 * In the page: keep its theme to itself. JupyterLab writes it to the server and reads it back, and would get what
 * another page has written in between.
 */
function keepTheme() {
  const { fetch } = window;
  /** @type {string | null} */
  let kept = null;
  window.fetch = async (input, init) => {
    const url = decodeURIComponent(input instanceof Request ? input.url : String(input));
    if (!url.includes('/api/settings/@jupyterlab/apputils-extension:themes')) {
      return fetch(input, init);
    }
    const request = new Request(input, init);
    if (request.method === 'PUT') {
      kept = (await request.json()).raw;
      return new Response(null, { status: 204 });
    }
    const response = await fetch(request);
    return kept === null ? response : Response.json({ ...(await response.json()), raw: kept });
  };
}

/**
 * In the page: ipykernel 7.0 to 7.3 now and then leave a request unread until somebody connects
 * (ipython/ipykernel#1554); it stays idle, and cells stay in its queue. So connect.
 */
function wakeKernel() {
  let wasStuck = false;
  setInterval(() => {
    const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
    const isStuck = kernel?.status === 'idle' && kernel._futures?.size > 0;
    if (isStuck && wasStuck) {
      const { wsUrl, token } = kernel.serverSettings;
      const query = new URLSearchParams({ session_id: 'wake', token });
      const socket = new WebSocket(`${wsUrl}api/kernels/${kernel.id}/channels?${query}`);
      socket.onopen = () => socket.close();
    }
    wasStuck = isStuck;
  }, 2000);
}

/** One notebook in one page; one at a time, where the page is used for several. */
export class Notebook {
  /**
   * @param {Page} page
   * @param {Pick<Lab, 'urlOf'>} lab
   * @param {string} file
   * @param {boolean} [classic]
   */
  constructor(page, lab, file, classic = false) {
    this.page = page;
    this.lab = lab;
    this.file = file;
    this.classic = classic;
    /** Uncaught exceptions and console errors of the page, oldest first. @type {string[]} */
    this.pageErrors = [];
    page.on('pageerror', ({ name, message, stack }) =>
      this.pageErrors.push(stack || `(no stack) ${name}: ${message}`)
    );
    page.on('console', message => {
      if (message.type() === 'error') {
        this.pageErrors.push(message.text());
      }
    });
  }

  /** Load the page, anew when it was loaded before, and wait until the kernel is idle. */
  async open() {
    await this.page.goto(this.lab.urlOf(this.file, this.classic));
    await this.#whenOpened();
  }

  /**
   * Open another notebook in the same JupyterLab, which takes a fraction of the time.
   *
   * @param {string} file
   * @param {string} [kernel] id of a kernel that {@link closeFile} kept
   */
  async openNext(file, kernel) {
    this.file = file;
    const use = kernel === undefined ? {} : { kernel: { id: kernel } };
    await this.command('docmanager:open', { path: file, factory: 'Notebook', ...use });
    await this.#whenOpened();
  }

  /**
   * Close the notebook unsaved; JupyterLab stays, and with `keepKernel` its kernel too.
   *
   * @param {{keepKernel?: boolean}} [options]
   * @returns {Promise<string | undefined>} the id of the kernel that was kept
   */
  async closeFile({ keepKernel = false } = {}) {
    return this.page.evaluate(async keep => {
      const panel = window.jupyterapp.shell.currentWidget;
      const id = panel.sessionContext.session?.kernel?.id;
      if (!keep) {
        await panel.sessionContext.shutdown();
      }
      panel.dispose();
      return keep ? id : undefined;
    }, keepKernel);
  }

  /** Reload as a user does: the kernel lives on. */
  async reload() {
    await this.page.reload();
    await this.#whenOpened();
  }

  async #whenOpened() {
    await this.page.waitForFunction(file => {
      const panel = window.jupyterapp?.shell.currentWidget;
      return panel?.context?.path === file && panel.context.isReady;
    }, this.file);
    await this.page.evaluate(async () => {
      const panel = window.jupyterapp.shell.currentWidget;
      await Promise.all([window.jupyterapp.restored, panel.revealed, panel.sessionContext.ready]);
    });
    await this.whenIdle();
  }

  /** Wait until the kernel is connected and idle. */
  async whenIdle() {
    await this.page.waitForFunction(() => {
      const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
      return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
    });
  }

  /** Run every cell; resolves when all are done. Stops at the first that fails, as JupyterLab does. */
  async runAll() {
    await this.command('notebook:run-all-cells');
    await this.whenIdle();
  }

  /**
   * Run one cell; resolves when it is done.
   *
   * @param {number} index
   */
  async runCell(index) {
    await this.#activate(index);
    await this.command('notebook:run-cell');
    await this.whenIdle();
  }

  /**
   * Start one code cell, for what must happen while it runs; resolves when the kernel is busy with it
   * or, behind another cell, when it is in the queue.
   *
   * @param {number} index
   */
  async startCell(index) {
    await this.#activate(index);
    await this.page.evaluate(async () => {
      const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
      const busy = new Promise(resolve => {
        kernel.statusChanged.connect(function listen() {
          if (kernel.status === 'busy') {
            kernel.statusChanged.disconnect(listen);
            resolve(undefined);
          }
        });
      });
      const isBehind = kernel.status === 'busy';
      void window.jupyterapp.commands.execute('notebook:run-cell');
      await (isBehind || busy);
    });
  }

  /** @param {number} index */
  async #activate(index) {
    await this.page.evaluate(i => {
      const { content } = window.jupyterapp.shell.currentWidget;
      content.deselectAll();
      content.activeCellIndex = i;
    }, index);
  }

  /**
   * Replace a cell's source.
   *
   * @param {number} index
   * @param {string} source
   */
  async setSource(index, source) {
    await this.page.evaluate(
      ([i, text]) =>
        window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.setSource(text),
      /** @type {[number, string]} */ ([index, source])
    );
  }

  /** Restart the kernel without a dialog and wait until it is idle. */
  async restartKernel() {
    await this.page.evaluate(async () => {
      const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
      await kernel.restart();
      // the new kernel's first "idle" may come before anybody listens; this brings another, and waits
      // until the kernel really answers
      await kernel.requestExecute({ code: '', silent: true }).done;
    });
    await this.whenIdle();
  }

  /** Whether something is not saved. @returns {Promise<boolean>} */
  async isDirty() {
    return this.page.evaluate(() => window.jupyterapp.shell.currentWidget.context.model.dirty);
  }

  /**
   * Put a code cell at the end.
   *
   * @param {string} source
   */
  async addCell(source) {
    await this.page.evaluate(text => {
      const { sharedModel } = window.jupyterapp.shell.currentWidget.content.model;
      sharedModel.addCell({ cell_type: 'code', source: text });
    }, source);
  }

  /** @returns {Promise<number>} */
  async countCells() {
    return this.page.evaluate(
      () => window.jupyterapp.shell.currentWidget.content.model.cells.length
    );
  }

  /**
   * Select one cell.
   *
   * @param {number} index
   */
  async activate(index) {
    await this.#activate(index);
  }

  /**
   * What becomes of cells that are out of sight.
   *
   * @param {string} mode `full`, `defer`, `contentVisibility` or `none`
   */
  async setWindowing(mode) {
    await this.page.evaluate(windowingMode => {
      const { content } = window.jupyterapp.shell.currentWidget;
      content.notebookConfig = { ...content.notebookConfig, windowingMode };
    }, mode);
  }

  /** Close the view of an output that stands beside the notebook, and go on in the notebook. */
  async closeOutputView() {
    await this.page.evaluate(() => {
      const { shell } = window.jupyterapp;
      const views = [...shell.widgets('main')];
      views.find(({ node }) => node.querySelector('.jp-LinkedOutputView')).dispose();
      shell.activateById(views.find(({ node }) => node.matches('.jp-NotebookPanel')).id);
    });
  }

  /** Of two views of the notebook, close the first and go on in the other. */
  async closeFirstView() {
    await this.page.evaluate(() => {
      const { shell } = window.jupyterapp;
      const views = [...shell.widgets('main')];
      const [first, second] = views.filter(({ node }) => node.matches('.jp-NotebookPanel'));
      first.dispose();
      shell.activateById(second.id);
    });
  }

  /** Break the connection to the kernel and make it anew. */
  async reconnect() {
    await this.page.evaluate(() =>
      window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.reconnect()
    );
  }

  /** Interrupt the kernel, as the stop button does. */
  async interruptKernel() {
    await this.page.evaluate(() =>
      window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()
    );
  }

  /**
   * Run code in the kernel without a cell; returns what it printed, or its traceback. What a kernel says of itself,
   * which is on stderr, is left out.
   *
   * @param {string} code
   * @returns {Promise<string>}
   */
  async execute(code) {
    return this.page.evaluate(async text => {
      const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
      const future = kernel.requestExecute({ code: text, store_history: false });
      let printed = '';
      future.onIOPub = (/** @type {any} */ { header, content }) => {
        printed += content.name === 'stdout' ? content.text : '';
        printed += header.msg_type === 'error' ? content.traceback.join('\n') : '';
      };
      await future.done;
      return printed;
    }, code);
  }

  /** Save to disk and wait until that is done. */
  async save() {
    await this.page.evaluate(() => window.jupyterapp.shell.currentWidget.context.save());
  }

  /** @param {boolean} dark */
  async setDark(dark) {
    await this.command('apputils:change-theme', {
      theme: dark ? 'JupyterLab Dark' : 'JupyterLab Light'
    });
    await this.page.waitForFunction(
      light => document.body.dataset['jpThemeLight'] === light,
      String(!dark)
    );
    // JupyterLab covers the page while the theme's fonts and styles come
    await this.page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
  }

  /** Fold the file browser away, so the notebook has the window's width. */
  async hideSidebar() {
    await this.page.evaluate(() => window.jupyterapp.shell.collapseLeft());
  }

  /**
   * Execute a JupyterLab command and wait for it.
   *
   * @param {string} id
   * @param {Record<string, unknown>} [args]
   */
  async command(id, args = {}) {
    await this.page.evaluate(
      ([name, options]) => window.jupyterapp.commands.execute(name, options).then(() => undefined),
      /** @type {[string, any]} */ ([id, args])
    );
  }

  /**
   * The outputs in the notebook's model, as they would be saved: independent of what is on screen.
   *
   * @param {number} index
   * @returns {Promise<Output[]>}
   */
  async outputs(index) {
    return this.page.evaluate(
      i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs?.toJSON() ?? [],
      index
    );
  }

  /** The error outputs of all cells, in words. @returns {Promise<string[]>} */
  async errors() {
    return this.page.evaluate(() =>
      window.jupyterapp.shell.currentWidget.content.widgets
        .flatMap((/** @type {any} */ cell) => cell.model.outputs?.toJSON() ?? [])
        .filter((/** @type {any} */ output) => output.output_type === 'error')
        .map((/** @type {any} */ { ename, evalue }) => `${ename}: ${evalue}`)
    );
  }

  /**
   * The output area of a cell on screen.
   *
   * @param {number} index
   */
  outputArea(index) {
    return this.cell(index).locator('.jp-Cell-outputArea');
  }

  /**
   * A cell on screen, by its place in the notebook: with windowing, the n-th in the DOM may be another.
   *
   * @param {number} index
   */
  cell(index) {
    return this.page.locator(
      `.jp-NotebookPanel:visible .jp-Cell[data-windowed-list-index="${index}"]`
    );
  }

  /**
   * Bring a cell into view; off-screen cells are in the document but not drawn.
   *
   * @param {number} index
   */
  async scrollTo(index) {
    await this.page.evaluate(async i => {
      const { content } = window.jupyterapp.shell.currentWidget;
      await content.scrollToItem(i, 'start');
    }, index);
  }

  /** Wait for the browser to draw twice: whatever was to be painted is. */
  async painted() {
    await this.page.evaluate(
      () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
    );
  }

  /** Shut this notebook's kernel down and close its page. */
  async close() {
    await this.page
      .evaluate(() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown())
      .catch(() => undefined); // the page, or the server, may be gone already
    await this.page.context().close();
  }
}
