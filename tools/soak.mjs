// `npm run soak [-- --minutes 2] [--only add,type]`: apps at work for a long time on a bad line, and whether anything grows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { launchBrowser, openNotebook } from './browser.mjs';
import { startLab, urlsOf } from './lab.mjs';
import { notebookOf } from './notebook.mjs';
import { seeded, startProxy } from './proxy.mjs';
import { Problem, command } from './run.mjs';
import { ensure } from './setup.mjs';
import { APP, LEFT, MEASURE, PREPARE } from './soakApp.mjs';
import { growthOf, round, tell } from './soakJudge.mjs';
import { choose, countBlobs, forgetStates, typeInto } from './soakPage.mjs';

/** What happens, as often as it is named: buttons of the apps, and `type`, `upload` and `line`. */
const ACTIONS = 'add add tell work stop build build fail many type type upload line line'.split(
  ' '
);

/** Apps out of sight are drawn too. */
const SETTINGS = {
  '@jupyterlab/notebook-extension:tracker': { autoStartDefaultKernel: true, windowingMode: 'none' }
};

const SAMPLES = 24;
const LEAST_BETWEEN_MS = 8000;
/** Minutes that one page is used, at least, before it is loaded anew. */
const STRETCH = 3;
/** JupyterLab waits longer with every try. */
const RECONNECTED_MS = 60_000;

const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/**
 * @typedef {import('./browser.mjs').Notebook} Notebook
 * @typedef {import('./soakJudge.mjs').Sample} Sample
 */

async function main() {
  const { minutes, apps, seed, actions } = wishes();
  await ensure({ chromium: true });
  const root = mkdtempSync(path.join(tmpdir(), 'ipyblocks-soak-'));
  const next = seeded(seed);
  const lab = await startLab({ root, settings: SETTINGS });
  const proxy = await startProxy(lab.url, next);
  const browser = await launchBrowser();
  try {
    const sources = [PREPARE, ...Array.from({ length: apps }, (_, i) => APP(i))];
    writeFileSync(path.join(root, 'soak.ipynb'), JSON.stringify(notebookOf(sources)));
    const seen = { urlOf: urlsOf(proxy.url, lab.token) };
    const notebook = await openNotebook(browser, seen, 'soak.ipynb');
    const soak = new Soak(notebook, proxy, next, apps, actions);
    await soak.prepare();
    await soak.live(minutes);
    return tell(await soak.end());
  } finally {
    await browser.close();
    await proxy.stop();
    await lab.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

function wishes() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      apps: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: ACTIONS.join() }
    }
  });
  const [minutes, apps, seed] = [values.minutes, values.apps, values.seed].map(Number);
  if (!(Number(minutes) > 0 && Number(apps) >= 1 && Number.isInteger(seed))) {
    throw new Problem('--minutes and --apps take positive numbers, --seed a whole one.');
  }
  const actions = values.only.split(',');
  const unknown = actions.filter(name => !ACTIONS.includes(name));
  if (unknown.length > 0) {
    throw new Problem(
      `--only: ${unknown.join(', ')} is none of ${[...new Set(ACTIONS)].join(', ')}.`
    );
  }
  return { minutes: Number(minutes), apps: Number(apps), seed: Number(seed), actions };
}

/** One long session of a person who does anything. */
class Soak {
  /** @type {Sample[]} */
  samples = [];
  /** @type {Record<string, number>} */
  done = {};
  /** Clicks that must have been handled, each once. */
  clicks = 0;
  stretch = 0;

  /**
   * @param {Notebook} notebook
   * @param {Awaited<ReturnType<typeof startProxy>>} proxy
   * @param {() => number} next
   * @param {number} apps
   * @param {readonly string[]} actions
   */
  constructor(notebook, proxy, next, apps, actions) {
    this.notebook = notebook;
    this.proxy = proxy;
    this.next = next;
    this.apps = apps;
    this.actions = actions;
  }

  async prepare() {
    const { page } = this.notebook;
    this.cdp = await page.context().newCDPSession(page);
    await page.addInitScript(countBlobs);
    await page.reload(); // for the script
    await this.notebook.open();
    await page.evaluate(forgetStates);
    await this.notebook.hideSidebar();
    await this.notebook.runAll();
    const errors = await this.notebook.errors();
    if (errors.length > 0) {
      throw new Problem(`The apps could not be shown: ${errors.join('; ')}`);
    }
    await this.drawn();
    await this.tour();
  }

  /** Everything once in every app: what is made when it is first needed is there from then on. */
  async tour() {
    for (const name of new Set(this.actions)) {
      for (let app = 0; app < this.apps; app += 1) {
        await this.do(name, app);
      }
      await this.rest();
    }
  }

  /** All apps are there. */
  async drawn() {
    await this.notebook.page.waitForFunction(
      count => document.querySelectorAll('.ipyblocks .ib-tree button').length >= 7 * count,
      this.apps
    );
  }

  /** @param {number} minutes */
  async live(minutes) {
    const start = Date.now();
    const length = minutes * 60_000;
    const between = Math.max(LEAST_BETWEEN_MS, length / SAMPLES);
    let [sampled, loaded] = [start, start];
    for (let now = start; now < start + length; now = Date.now()) {
      await this.act();
      await pause(this.next() * 60);
      if (Date.now() - sampled > between) {
        await this.sample((Date.now() - start) / 60_000);
        sampled = Date.now();
        if (Date.now() - loaded > STRETCH * 60_000 && start + length - Date.now() > between * 4) {
          await this.reload();
          loaded = Date.now();
        }
      }
    }
    await this.sample((Date.now() - start) / 60_000);
  }

  /** The person, or the line, does something. */
  async act() {
    const app = Math.floor(this.next() * this.apps);
    await this.do(this.actions[Math.floor(this.next() * this.actions.length)] ?? 'add', app);
  }

  /**
   * @param {string} name
   * @param {number} app
   */
  async do(name, app) {
    this.note(name);
    if (name === 'type') {
      await this.type(app);
    } else if (name === 'upload') {
      await this.upload(app);
    } else if (name === 'line') {
      this.spoil();
    } else {
      await this.press(name, app);
    }
  }

  /** @param {string} name */
  note(name) {
    this.done[name] = (this.done[name] ?? 0) + 1;
  }

  /**
   * @param {string} name
   * @param {number} app
   */
  async press(name, app) {
    this.clicks += name === 'add' ? 1 : 0;
    await this.notebook.page.evaluate(id => {
      /** @type {HTMLElement} */ (document.querySelector(`button#${id}, #${id} button`)).click();
    }, `${name}-${app}`);
  }

  /** @param {number} app */
  async type(app) {
    const text = `text ${this.done['type']}`;
    await this.notebook.page.evaluate(typeInto, { id: `source-${app}`, text });
  }

  /** @param {number} app */
  async upload(app) {
    await this.notebook.page.evaluate(choose, { id: `image-${app}`, base64: PICTURE });
  }

  /** Something happens to the line. */
  spoil() {
    const choice = this.next();
    if (choice < 0.35) {
      this.proxy.weather = { delay: 50 * this.next(), slice: true, rate: 200_000 };
    } else if (choice < 0.5) {
      this.proxy.cut();
    } else if (choice < 0.6) {
      this.proxy.silence();
    } else {
      this.proxy.heal();
    }
  }

  /** The line is good, and nobody has anything left to do. */
  async rest() {
    this.proxy.heal();
    const { page } = this.notebook;
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('.ipyblocks')].every(
          each => /** @type {HTMLElement} */ (each).dataset['status'] === 'live'
        ),
      null,
      { timeout: RECONNECTED_MS }
    );
    const end = Date.now() + RECONNECTED_MS;
    while ((await this.notebook.execute('print(busy())')).trim() !== '0') {
      if (Date.now() > end) {
        throw new Problem('Tasks or messages are left, on a line that is good.');
      }
    }
  }

  /** @param {number} minute */
  async sample(minute) {
    await this.rest();
    const kernel = JSON.parse(await this.notebook.execute(MEASURE));
    const { cut: cuts } = this.proxy.faults;
    const found = { minute, stretch: this.stretch, cuts, ...kernel, ...(await this.measurePage()) };
    this.samples.push(found);
    const words = Object.entries(found).map(([name, value]) => `${name} ${round(value)}`);
    console.error(words.join(', '));
  }

  async measurePage() {
    const { cdp } = this;
    if (cdp === undefined) {
      throw new Error('prepare() first');
    }
    await cdp.send('HeapProfiler.collectGarbage');
    const { usedSize } = await cdp.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await cdp.send('Memory.getDOMCounters');
    const { attached, blobs } = await this.notebook.page.evaluate(() => {
      const walker = document.createTreeWalker(document);
      let count = 1;
      while (walker.nextNode() !== null) {
        count += 1;
      }
      const { openBlobs } = /** @type {any} */ (window);
      return { attached: count, blobs: openBlobs.size };
    });
    const detached = Math.max(0, nodes - attached);
    return { heap: usedSize / 1e6, nodes, detached, listeners: jsEventListeners, blobs };
  }

  async reload() {
    await this.notebook.save();
    await this.notebook.open();
    await this.notebook.page.evaluate(forgetStates);
    await this.drawn();
    await this.tour();
    this.stretch += 1;
  }

  /** Close everything; what is left, and what was found. */
  async end() {
    await this.rest();
    const clicks = Number(await this.notebook.execute('print(sum(clicks.values()))'));
    await this.notebook.command('notebook:clear-all-cell-outputs');
    const left = JSON.parse(await this.notebook.execute(LEFT));
    const { page } = this.notebook;
    left.apps = await page.locator('.ipyblocks').count();
    left.blobs = (await this.measurePage()).blobs;
    const growth = growthOf(this.samples);
    const { faults } = this.proxy;
    const errors = this.notebook.pageErrors.filter(
      text => /ipyblocks/i.test(text) && !/as asked/.test(text)
    );
    const handled = { wanted: this.clicks, found: clicks };
    return { growth, left, handled, done: this.done, faults, errors, samples: this.samples };
  }
}

await command(main);
