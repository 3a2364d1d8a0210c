// Large files on a real page: how fast they go up and down beside a bare comm, and what clicks feel of it.
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem, command } from '../tools/run.mjs';
import { ensure } from '../tools/setup.mjs';
import { withPage } from './_page.mjs';
import { emit, figure, ratio } from './_results.mjs';

const MIB = 1 << 20;
const UP = 200 * MIB;
const DOWN = 100 * MIB;
const ROUNDS = 3;
/** A transfer takes at most so much longer than the same bytes in bare comm messages: 60 % of its speed. */
const SPEED = 1 / 0.6;
/** A click during a transfer takes at most so much longer than one without. */
const CLICKS = 3;
const IDLE_CLICKS = 40;
/** Milliseconds for one transfer and its clicks; a lost message must not be waited for without end. */
const PATIENCE = 180_000;

const APP = `
import itertools, threading
import ipyblocks as gr
from ipyblocks.protocol import Binary

class File(gr.Image):
    "Any file: what is measured is its way."
    kind = "image"
    def check_upload(self, file): pass
    def check_value(self, payload): return payload

large = Binary(data=bytes(${DOWN}), mime_type="application/octet-stream", name="large.bin")
clicks = itertools.count(1)
with gr.Blocks() as demo:
    up = File(elem_id="up", type="filepath", interactive=True)
    down = File(elem_id="down", interactive=False)
    gr.Button("get", elem_id="get").click(lambda: large, None, down)
    gr.Button("clear", elem_id="clear").click(lambda: (None, None), None, [up, down])
    counted = gr.Textbox(elem_id="counted")
    gr.Button("ping", elem_id="ping").click(lambda: str(next(clicks)), None, counted, trigger_mode="multiple")
demo
`;

// A bare comm: takes any number of buffers and says when it has so many bytes, or sends so many.
const RAW = `
from comm import get_comm_manager
def _raw(comm, _):
    state = {"have": 0}
    def on_msg(msg):
        data = msg["content"]["data"]
        if "send" in data:
            chunk = bytes(${MIB})
            for _ in range(data["send"] // ${MIB}):
                comm.send({}, buffers=[chunk])
            return
        state["have"] += sum(len(b) for b in msg["buffers"])
        if state["have"] >= data["want"]:
            state["have"] = 0
            comm.send({"done": True})
    comm.on_msg(on_msg)
get_comm_manager().register_target("raw", _raw)
`;

/** @typedef {import('../tools/browser.mjs').Notebook} Notebook */
/** @typedef {{ms: number, clicks: number[]}} Sample a transfer, and the clicks during it */

await command(async () => {
  await ensure({ chromium: true });
  // of a name that no browser knows a type for: images alone are taken otherwise
  const file = path.join(tmpdir(), `ipyblocks-bench-${process.pid}.blocks`);
  writeFileSync(file, '');
  truncateSync(file, UP);
  try {
    await withPage({ noDelay: true }, async bench => {
      const { notebook, versions } = bench;
      await bench.open('media.ipynb', [APP]);
      await notebook.runAll();
      await notebook.page.locator('#up').waitFor();
      await notebook.execute(RAW);
      emit({ ...(await measure(notebook, file)), versions });
    });
  } finally {
    rmSync(file);
  }
});

/**
 * @param {Notebook} notebook
 * @param {string} file
 * @returns {Promise<import('./_results.mjs').Report>}
 */
async function measure(notebook, file) {
  const idle = await notebook.page.evaluate(clickInPage, IDLE_CLICKS);
  const ways = {
    upload: { bytes: UP, go: () => upload(notebook, file) },
    download: { bytes: DOWN, go: () => download(notebook) }
  };
  /** @type {import('./_results.mjs').Report} */
  const { figures, verdicts } = { figures: { 'click, idle': figure(idle) }, verdicts: {} };
  for (const [name, { bytes, go }] of Object.entries(ways)) {
    /** @type {Sample[]} */
    const taken = [];
    const raw = [];
    for (let round = -1; round < ROUNDS; round += 1) {
      const sample = await go();
      const bare = await ends(
        notebook.page.evaluate(rawInPage, { bytes, up: name === 'upload' }),
        `${name} by a bare comm`
      );
      await pause(300);
      // the first warms up
      if (round >= 0) {
        taken.push(sample);
        raw.push(bare);
      }
    }
    const times = taken.map(({ ms }) => ms);
    const title = `${name} of ${bytes / MIB} MiB`;
    const took = (figures[title] = figure(times));
    const bare = (figures[`${title}, bare comm`] = figure(raw));
    const speed = (/** @type {number} */ ms) => `${(bytes / 1e3 / ms).toFixed(0)} MB/s`;
    console.error(`${title}: ${speed(took.median)}, bare comm: ${speed(bare.median)}`);
    const clicks = (figures[`click during ${name}`] = figure(taken.flatMap(each => each.clicks)));
    verdicts[title] = { value: ratio(times, raw), reach: SPEED, of: 'times a bare comm' };
    const slower = clicks.median / (figures['click, idle']?.median ?? NaN);
    verdicts[`click during ${name}`] = {
      value: Number(slower.toFixed(2)),
      reach: CLICKS,
      of: 'times a click without'
    };
  }
  return { figures, verdicts };
}

/**
 * @param {Notebook} notebook
 * @param {string} file
 */
async function upload({ page }, file) {
  const done = page.evaluate(transferInPage, { start: 'up', selector: '#up' });
  await page.locator('#up input[type=file]').setInputFiles(file);
  const sample = await ends(done, 'upload');
  await clear(page, '#up');
  return sample;
}

/** @param {Notebook} notebook */
async function download({ page }) {
  const what = { start: 'down', selector: '#down' };
  const sample = await ends(page.evaluate(transferInPage, what), 'download');
  await clear(page, '#down');
  return sample;
}

/**
 * @template T
 * @param {Promise<T>} work
 * @param {string} what
 * @returns {Promise<T>}
 */
async function ends(work, what) {
  const limit = new AbortController();
  const late = pause(PATIENCE, undefined, { signal: limit.signal }).then(() => {
    throw new Problem(`The ${what} has not ended within ${PATIENCE / 1000} seconds.`);
  });
  late.catch(() => undefined); // the timer was stopped
  try {
    return await Promise.race([work, late]);
  } finally {
    limit.abort();
  }
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} selector
 */
async function clear(page, selector) {
  await page.locator('#clear').click();
  await page.locator(`${selector} a[download]`).waitFor({ state: 'detached' });
}

/**
 * In the page: how long clicks take until their answer is in the DOM, one after the other.
 *
 * @param {number} count
 */
async function clickInPage(count) {
  const output = /** @type {HTMLTextAreaElement} */ (
    document.querySelector('#counted textarea, #counted input')
  );
  const button = /** @type {HTMLElement} */ (document.querySelector('button#ping, #ping button'));
  const samples = [];
  for (let i = 0; i < count; i += 1) {
    const before = output.value;
    const start = performance.now();
    button.click();
    while (output.value === before) {
      await new Promise(resolve => setTimeout(resolve));
    }
    samples.push(performance.now() - start);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return samples;
}

/**
 * In the page: from choosing a file, or from the click that asks for one, until it is there; with clicks.
 *
 * @param {{start: string, selector: string}} what
 * @returns {Promise<Sample>}
 */
async function transferInPage({ start, selector }) {
  const find = (/** @type {string} */ query) => /** @type {any} */ (document.querySelector(query));
  const output = find('#counted textarea, #counted input');
  const ping = find('button#ping, #ping button');
  const isDone = () =>
    find(`${selector} a[download]`) !== null && find(`${selector} progress`) === null;
  /** @type {number} */
  let begun;
  if (start === 'up') {
    const input = find(`${selector} input[type=file]`);
    begun = await new Promise(resolve =>
      input.addEventListener('change', () => resolve(performance.now()), { once: true })
    );
  } else {
    begun = performance.now();
    find('button#get, #get button').click();
  }
  /** @type {number[]} */
  const clicks = [];
  let ms = NaN;
  const ended = new Promise(resolve => {
    const look = () => {
      if (isDone()) {
        ms = performance.now() - begun;
        resolve(undefined);
      } else {
        setTimeout(look, 2);
      }
    };
    look();
  });
  while (Number.isNaN(ms)) {
    const before = output.value;
    const at = performance.now();
    ping.click();
    while (output.value === before) {
      await new Promise(resolve => setTimeout(resolve));
    }
    // one that outlasts the transfer was made during it all the same
    clicks.push(performance.now() - at);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  await ended;
  return { ms, clicks };
}

/**
 * In the page: the same bytes in buffers of a bare comm, as fast as it goes. One comm for all rounds: with its last
 * comm JupyterLab deletes the target's subshell, on the control channel, where that may pass the `comm_close` and
 * leave it unanswered for ever.
 *
 * @param {{bytes: number, up: boolean}} what
 * @returns {Promise<number>}
 */
async function rawInPage({ bytes, up }) {
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  const known = /** @type {any} */ (window);
  if (known.rawComm === undefined) {
    known.rawComm = kernel.createComm('raw');
    await known.rawComm.open({}).done;
  }
  const comm = known.rawComm;
  const size = 1 << 20;
  const start = performance.now();
  await new Promise(resolve => {
    let have = 0;
    comm.onMsg = (/** @type {any} */ { content, buffers }) => {
      have += (buffers ?? []).reduce(
        (/** @type {number} */ sum, /** @type {any} */ each) => sum + each.byteLength,
        0
      );
      if (content.data.done === true || have >= bytes) {
        resolve(undefined);
      }
    };
    if (up) {
      for (let sent = 0; sent < bytes; sent += size) {
        void comm.send({ want: bytes }, undefined, [new ArrayBuffer(size)]);
      }
    } else {
      void comm.send({ send: bytes });
    }
  });
  return performance.now() - start;
}
