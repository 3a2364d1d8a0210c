// From the notebook on screen to an app that answers, after a reload: idle, and while a cell runs.
import { whileBusy } from './_echo.mjs';
import { figure } from './_results.mjs';

const ROUNDS = 5;
/** Milliseconds from the notebook itself to an app at work. */
const REACH_MS = 300;
const BUSY_REACH = 1.3;

// Every answer is another one and says when it was made, so that one of the round before is not taken for it.
const APP = `
import time
import ipyblocks as gr
with gr.Blocks() as demo:
    name, greeting = gr.Textbox("Ada", label="Name"), gr.Textbox(label="Greeting")
    gr.Button("Greet").click(lambda text: f"Hello, {text}, at {time.time() * 1000}", name, greeting)
demo`;

const WIDGETS = `
import ipywidgets as W
button = W.Button(description="Click")
button.add_class("w-button")
button`;

/**
 * What is noted in a page that loads: when the notebook, the app's last values, the app at work, the answer
 * to a click made in that moment, and a widget were there for the first time.
 *
 * The notebook is there with its first cell, which is JupyterLab's empty one: the file is asked for right
 * after. Fetching and drawing it is in all figures, those of the widget too; nothing can be drawn earlier.
 *
 * @typedef {Record<'notebook' | 'drawn' | 'live' | 'answered' | 'widget', number | undefined>} Times
 */

/**
 * @param {import('./_page.mjs').Bench} bench
 * @returns {Promise<import('./_results.mjs').Report>}
 */
export async function measureReload(bench) {
  const { notebook } = bench;
  await bench.open('reload.ipynb', [APP, WIDGETS]);
  await notebook.runAll();
  await notebook.page.locator('.ipyblocks[data-status=live]').waitFor();
  await notebook.save();
  await notebook.page.addInitScript(note);
  const idle = await rounds(bench, true);
  await notebook.whenIdle();
  const busy = await whileBusy(bench, async () => {
    await notebook.save();
    return rounds(bench, false);
  });
  const median = (/** @type {number[]} */ samples) => figure(samples).median;
  const ratio = Math.round((100 * median(busy.live)) / median(idle.live)) / 100;
  return {
    figures: {
      'reload, notebook to last values': figure(idle.drawn),
      'reload, notebook to app at work': figure(idle.live),
      'reload, notebook to click answered': figure(idle.answered),
      'reload, notebook to widget': figure(idle.widget),
      'reload while a cell runs, notebook to last values': figure(busy.drawn),
      'reload while a cell runs, notebook to app at work': figure(busy.live),
      'reload while a cell runs, notebook to click answered': figure(busy.answered)
    },
    verdicts: {
      'reload, notebook to app at work': { value: median(idle.live), reach: REACH_MS, of: 'ms' },
      'reload while a cell runs, notebook to app at work': {
        value: median(busy.live),
        reach: REACH_MS,
        of: 'ms'
      },
      'reload while a cell runs / reload': {
        value: ratio,
        reach: BUSY_REACH,
        of: 'times that of an idle kernel'
      }
    }
  };
}

/**
 * @param {import('./_page.mjs').Bench} bench
 * @param {boolean} withWidget a widget comes only when no cell runs
 */
async function rounds({ notebook }, withWidget) {
  /** @type {Record<'drawn' | 'live' | 'answered' | 'widget', number[]>} */
  const samples = { drawn: [], live: [], answered: [], widget: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    await notebook.page.goto(notebook.lab.urlOf(notebook.file));
    await notebook.page.waitForFunction(wanted => {
      const { answered, widget } = /** @type {any} */ (globalThis).ibTimes;
      return answered !== undefined && (!wanted || widget !== undefined);
    }, withWidget);
    /** @type {Times} */
    const times = await notebook.page.evaluate(() => /** @type {any} */ (window).ibTimes);
    const since = (/** @type {keyof Times} */ what) =>
      (times[what] ?? NaN) - (times.notebook ?? NaN);
    samples.drawn.push(since('drawn'));
    samples.live.push(since('live'));
    samples.answered.push(since('answered'));
    if (withWidget) {
      samples.widget.push(since('widget'));
    }
  }
  return samples;
}

/** In the page, before anything of it. */
function note() {
  /** @type {Partial<Times>} */
  const times = {};
  Object.assign(window, { ibTimes: times });
  const wanted = /** @type {const} */ ({
    notebook: '.jp-NotebookPanel .jp-CodeCell',
    drawn: '.ipyblocks [data-node]',
    live: '.ipyblocks[data-status=live]',
    widget: '.w-button'
  });
  const look = () => {
    for (const [name, selector] of Object.entries(wanted)) {
      if (!(name in times) && document.querySelector(selector) !== null) {
        times[/** @type {keyof Times} */ (name)] = performance.now();
        if (name === 'live') {
          /** @type {HTMLElement | null} */ (document.querySelector('.ib-tree button'))?.click();
        }
      }
    }
    if (times.live !== undefined && times.answered === undefined) {
      const fields = [...document.querySelectorAll('.ib-tree :is(textarea, input)')];
      const said = fields.map(each => /, at (.*)/.exec(/** @type {any} */ (each).value)?.[1]);
      const at = Number(said.find(each => each !== undefined)) - performance.timeOrigin;
      if (at >= times.live) {
        times.answered = performance.now();
      }
    }
    requestAnimationFrame(look);
  };
  look();
}
