// Streams on a real page: a burst of tokens, a steady flow of them, and many clicks at once.
import { setTimeout as pause } from 'node:timers/promises';
import { command } from '../tools/run.mjs';
import { ensure } from '../tools/setup.mjs';
import { withPage } from './_page.mjs';
import { emit, figure } from './_results.mjs';

const TOKENS = 2000;
const BURST_ROUNDS = 9;
const BURST_MS = 600;
const STALL_MS = 50;
const FLOW_ROUNDS = 3;
const FLOW_SECONDS = 30;
const FLOW_RATE = 50;
const CLICKS = 50;
const CLICK_ROUNDS = 15;
/** 200 a second. */
const CLICK_MS = 5;
/** So that a round does not find the queues of the one before. */
const PAUSE_MS = 400;

/** Each burst by the element that ends with its last token. */
const BURSTS = {
  'Textbox, function': ['#b-sync', '#o-sync textarea'],
  'Textbox, async function': ['#b-async', '#o-async textarea'],
  'Markdown, function': ['#b-md', '#o-md']
};

const APP = `
import asyncio, itertools, time
import ipyblocks as gr

def burst(count=${TOKENS}):
    told = ""
    for i in range(count):
        told += f"token{i} "
        yield told
    yield told + f"end{next(ends)}"

async def async_burst():
    for told in burst():
        await asyncio.sleep(0)
        yield told

def flow():
    told, start = "", time.monotonic()
    for i in range(${FLOW_SECONDS * FLOW_RATE}):
        time.sleep(max(0, start + i / ${FLOW_RATE} - time.monotonic()))
        told += f"token:{time.time() * 1000:.1f} "
        yield told
    time.sleep(1 / ${FLOW_RATE})
    yield told + f"end{next(ends)}:{time.time() * 1000:.1f}"

ends, clicks = itertools.count(), itertools.count(1)
with gr.Blocks() as demo:
    for name, fn, kind in (
        ("sync", burst, gr.Textbox),
        ("async", async_burst, gr.Textbox),
        ("md", burst, gr.Markdown),
        ("flow", flow, gr.Textbox),
    ):
        button = gr.Button(name, elem_id=f"b-{name}")
        button.click(fn, None, kind(elem_id=f"o-{name}"))
    button = gr.Button("clicks", elem_id="b-clicks")
    counted = gr.Textbox(elem_id="o-clicks")
    button.click(lambda: str(next(clicks)), None, counted, trigger_mode="multiple")
demo
`;

const only = process.argv.slice(2).find(word => /^--(burst|flow|clicks)$/.test(word));
const isWanted = (/** @type {string} */ part) => only === undefined || only === part;

/** @typedef {import('../tools/browser.mjs').Notebook} Notebook */

await command(async () => {
  await ensure({ chromium: true });
  await withPage({ noDelay: false }, async bench => {
    const { notebook, versions } = bench;
    await bench.open('stream.ipynb', [APP]);
    await notebook.runAll();
    const errors = await notebook.errors();
    if (errors.length > 0) {
      throw new Error(errors.join('\n'));
    }
    await notebook.page.locator('#o-clicks textarea').waitFor();
    /** @type {import('./_results.mjs').Report} */
    const report = { figures: {}, verdicts: {}, versions };
    for (const [name, [button = '', output = '']] of Object.entries(BURSTS)) {
      if (isWanted('--burst')) {
        await addBurst(report, notebook, name, button, output);
      }
    }
    if (isWanted('--flow')) {
      await addFlow(report, notebook);
    }
    if (isWanted('--clicks')) {
      await addClicks(report, notebook);
    }
    emit(report);
  });
});

/**
 * @param {import('./_results.mjs').Report} report
 * @param {Notebook} notebook
 * @param {string} name
 * @param {string} button
 * @param {string} output
 */
async function addBurst({ figures, verdicts }, notebook, name, button, output) {
  const taken = await repeated(BURST_ROUNDS, () => watch(notebook, button, output, 1));
  const title = `${TOKENS} tokens, ${name}`;
  const shown = (figures[title] = figure(taken.map(each => each.ms)));
  figures[`${title}, longest gap between frames`] = figure(taken.map(each => each.gap));
  const stall = (figures[`${title}, longest task`] = figure(taken.map(each => each.stall)));
  verdicts[title] = { value: shown.median, reach: BURST_MS, of: 'ms until all are shown' };
  verdicts[`${title}, stall`] = { value: stall.median, reach: STALL_MS, of: 'ms longest task' };
}

/**
 * @param {import('./_results.mjs').Report} report
 * @param {Notebook} notebook
 */
async function addFlow({ figures }, notebook) {
  const taken = [];
  for (let round = 0; round < FLOW_ROUNDS; round += 1) {
    taken.push(await watch(notebook, '#b-flow', '#o-flow textarea', 1));
    await pause(PAUSE_MS);
  }
  const title = `${FLOW_RATE} tokens a second`;
  figures[`${title}, lag of what is shown`] = figure(taken.flatMap(each => each.lags));
  figures[`${title}, lag of the last`] = figure(taken.map(each => each.lags.at(-1) ?? NaN));
  figures[`${title}, between two changes`] = figure(taken.flatMap(each => each.between));
  figures[`${title}, longest task`] = figure(taken.map(each => each.stall));
}

/**
 * @param {import('./_results.mjs').Report} report
 * @param {Notebook} notebook
 */
async function addClicks({ figures, verdicts }, notebook) {
  const taken = await repeated(CLICK_ROUNDS, () =>
    watch(notebook, '#b-clicks', '#o-clicks textarea', CLICKS)
  );
  const title = `${CLICKS} clicks in one tick`;
  const shown = (figures[title] = figure(taken.map(each => each.ms)));
  const value = Number((shown.median / CLICKS).toFixed(2));
  verdicts[title] = { value, reach: CLICK_MS, of: 'ms a click' };
}

/**
 * The first two rounds warm up, and do not count.
 *
 * @template T
 * @param {number} rounds
 * @param {() => Promise<T>} once
 */
async function repeated(rounds, once) {
  const taken = [];
  for (let round = -2; round < rounds; round += 1) {
    const sample = await once();
    if (round >= 0) {
      taken.push(sample);
    }
    await pause(PAUSE_MS);
  }
  return taken;
}

/**
 * @param {Notebook} notebook
 * @param {string} button
 * @param {string} output
 * @param {number} clicks
 */
function watch({ page }, button, output, clicks) {
  return page.evaluate(watchInPage, { button, output, clicks });
}

/**
 * What a page saw between its click and the end of what followed.
 *
 * @typedef {object} Seen
 * @property {number} ms from the click to the frame in which the last token is drawn
 * @property {number} stall ms of the longest task of the main thread; 0 when none was above 50
 * @property {number} gap longest time between two frames, in ms
 * @property {number[]} lags ms between a token's making in the kernel and its place in the DOM
 * @property {number[]} between ms between two changes
 *
 * In the page: click, and look on until the text ends with a new `end…`, or the number of clicks.
 *
 * @param {{button: string, output: string, clicks: number}} what
 * @returns {Promise<Seen>}
 */
function watchInPage({ button, output, clicks }) {
  const find = (/** @type {string} */ selector) =>
    /** @type {any} */ (document.querySelector(selector));
  const target = find(output);
  const read = () => String(target.value ?? target.textContent).trimEnd();
  const press = find(`button${button}, ${button} button`);
  const last = read().split(/\s/).at(-1) ?? '';
  const isEnd = (/** @type {string} */ word) =>
    clicks > 1 ? Number(word) === Number(last) + clicks : word.startsWith('end') && word !== last;
  return new Promise(resolve => {
    const seen = { ms: 0, stall: 0, gap: 0 };
    /** @type {number[]} */
    const lags = [];
    /** @type {number[]} */
    const between = [];
    let changed = NaN;
    let frame = NaN;
    let done = false;
    const tasks = new PerformanceObserver(list => {
      seen.stall = Math.max(seen.stall, ...list.getEntries().map(entry => entry.duration));
    });
    tasks.observe({ type: 'longtask' });
    const observer = new MutationObserver(() => {
      const now = performance.now();
      const words = read().split(/\s/);
      const made = Number(words.at(-1)?.split(':')[1]);
      if (!Number.isNaN(made)) {
        lags.push(performance.timeOrigin + now - made);
      }
      if (!Number.isNaN(changed)) {
        between.push(now - changed);
      }
      changed = now;
      if (isEnd(words.at(-1) ?? '')) {
        observer.disconnect();
        done = true;
      }
    });
    const look = (/** @type {number} */ now) => {
      seen.gap = Math.max(seen.gap, now - frame || 0);
      frame = now;
      if (!done) {
        requestAnimationFrame(look);
        return;
      }
      seen.ms = performance.now() - start;
      // long tasks are told of late
      setTimeout(() => {
        tasks.disconnect();
        resolve({ ...seen, lags, between });
      }, 200);
    };
    observer.observe(target.closest('.ib-Textbox, .ib-Markdown') ?? target.parentElement, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true
    });
    requestAnimationFrame(look);
    const start = performance.now();
    for (let i = 0; i < clicks; i += 1) {
      press.click();
    }
  });
}
