// `npm run demo`: a JupyterLab with the examples, ready to click in.
// `npm run demo -- --screenshot out.png`: the same without a person; a picture of it, and a check.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startLab } from './lab.mjs';
import { inRoot } from './paths.mjs';
import { Problem, command } from './run.mjs';
import { ensure } from './setup.mjs';

const HELLO = 'hello.ipynb';
const GREETING = 'Welcome to Gradio, Ada!';

const OPTIONS = /** @type {const} */ ({
  screenshot: { type: 'string' },
  notebook: { type: 'string', default: `examples/${HELLO}` },
  dark: { type: 'boolean', default: false },
  width: { type: 'string', default: '1280' },
  height: { type: 'string', default: '900' }
});

await command(async () => {
  const { values } = parseArgs({ options: OPTIONS });
  const { screenshot } = values;
  await ensure({ chromium: screenshot !== undefined });
  const notebook = path.resolve(values.notebook);
  if (!existsSync(notebook)) {
    throw new Problem(`There is no ${notebook}.`);
  }
  await (screenshot === undefined
    ? demo(notebook)
    : picture(notebook, { ...values, screenshot: path.resolve(screenshot) }));
});

/**
 * Serve the notebook's folder until Ctrl-C.
 *
 * @param {string} notebook absolute path
 */
async function demo(notebook) {
  const lab = await startLab({ root: path.dirname(notebook) });
  console.log('JupyterLab is running. Open this address; stop with Ctrl-C.\n');
  console.log(lab.urlOf(path.basename(notebook)));
  await new Promise(resolve => {
    // keeps Node awake; signals alone do not
    const awake = setInterval(() => undefined, 60_000);
    const finish = () => resolve(clearInterval(awake));
    process.once('SIGINT', finish);
    process.once('SIGTERM', finish);
  });
  console.log('\nStopping JupyterLab …');
  await lab.stop();
}

/**
 * Run a notebook in Chromium, check what came out and take its picture.
 *
 * @param {string} notebook absolute path
 * @param {{screenshot: string, dark: boolean, width: string, height: string}} options
 */
async function picture(notebook, { screenshot, dark, width, height }) {
  // playwright is there only now that setup has run
  const { launchBrowser, openNotebook } = await import('./browser.mjs');
  // a copy: running a notebook writes to it; with the files beside it only where they are ours
  const root = mkdtempSync(path.join(tmpdir(), 'ipyblocks-demo-'));
  const file = path.basename(notebook);
  const isExample = path.dirname(notebook) === inRoot('examples');
  cpSync(isExample ? inRoot('examples') : notebook, isExample ? root : path.join(root, file), {
    recursive: true
  });
  const lab = await startLab({ root });
  const browser = await launchBrowser();
  try {
    const size = { width: Number(width), height: Number(height) };
    const page = await openNotebook(browser, lab, file, { ...size, scale: 2 });
    await page.hideSidebar();
    await page.setDark(dark);
    await page.runAll();
    await check(page, file, screenshot);
    console.log(`Wrote ${screenshot}`);
  } finally {
    await browser.close();
    await lab.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * The picture is taken either way: of a failure it is the first thing one wants to see.
 *
 * @param {import('./browser.mjs').Notebook} notebook
 * @param {string} file
 * @param {string} screenshot
 */
async function check(notebook, file, screenshot) {
  try {
    const errors = await notebook.errors();
    if (errors.length > 0) {
      throw new Problem(`${file} failed:\n${errors.join('\n')}`);
    }
    if (file === HELLO) {
      await greet(notebook.page);
    }
  } finally {
    await notebook.painted();
    await notebook.page.screenshot({ path: screenshot });
  }
}

/**
 * One event from page to kernel and back: give a name, press Run, wait for the greeting.
 *
 * @param {import('playwright-core').Page} page
 */
async function greet(page) {
  const timeout = 15_000;
  try {
    const output = page.locator('.jp-OutputArea-output');
    await output.getByPlaceholder('What is your name?').first().fill('Ada', { timeout });
    await output.getByRole('button', { name: 'Run', exact: true }).first().click({ timeout });
    await page.waitForFunction(
      greeting =>
        [...document.querySelectorAll('.jp-OutputArea-output :is(input, textarea)')].some(field =>
          /** @type {HTMLInputElement} */ (field).value.includes(greeting)
        ),
      GREETING,
      { timeout }
    );
  } catch (error) {
    throw new Problem(`The app did not answer with "${GREETING}".\n${error}`);
  }
}
