// From an action at the page to its effect there, by way of the kernel: apps, ipywidgets, bare comms.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { counted, figure, ratio } from './_results.mjs';

const WARM_UP = 15;
const ROUNDS = 100;
/** Between two samples: a person is no faster, and none must find the queues of the one before. */
const PAUSE_MS = 30;
const COUNTED = 10;
const REACH = 1.3;

// Before ipyblocks is imported: it passes on what is not its own on the control channel.
const BASELINES = `
import asyncio, threading
kernel = get_ipython().kernel

def opened(comm, message):
    comm.on_msg(lambda message: comm.send(message["content"]["data"]))

kernel.comm_manager.register_target("bench-echo", opened)
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()

def on_control(stream, ident, parent):
    content = parent["content"]
    comm = kernel.comm_manager.get_comm(content["comm_id"])
    loop.call_soon_threadsafe(comm.send, content["data"])

kernel.control_handlers["comm_msg"] = on_control
`;

const APP = `
import itertools
import ipyblocks as gr
clicks = itertools.count()
with gr.Blocks() as demo:
    button = gr.Button("Click", elem_id="gr-button")
    clicked = gr.Textbox(label="Clicks", elem_id="gr-clicked")
    button.click(lambda: f"clicked {next(clicks)}", None, clicked)
    source = gr.Slider(0, 1_000_000, 0, step=1, label="Source", elem_id="gr-source")
    echo = gr.Textbox(label="Echo", elem_id="gr-echo")
    source.change(lambda value: f"moved to {value}", source, echo)
demo
`;

const WIDGETS = `
import itertools
import ipywidgets as W
from IPython.display import display
presses = itertools.count()
w_button, w_clicked = W.Button(description="Click"), W.Label("none")
w_source, w_echo = W.Text(), W.Label("none")
for name, widget in dict(button=w_button, clicked=w_clicked, source=w_source, echo=w_echo).items():
    widget.add_class(f"w-{name}")

def pressed(_):
    w_clicked.value = f"pressed {next(presses)}"

def edited(change):
    w_echo.value = change["new"]

w_button.on_click(pressed)
w_source.observe(edited, "value")
display(W.VBox([w_button, w_clicked, w_source, w_echo]))
`;

const CASES = /** @type {const} */ ([
  'comm',
  'control',
  'app click',
  'app edit',
  'widgets click',
  'widgets edit'
]);

/** @typedef {(typeof CASES)[number]} Case */

/** What does not wait for a cell's end. @type {readonly Case[]} */
const HEARD_WHILE_BUSY = ['control', 'app click', 'app edit'];

const BUSY = ', while a cell runs';
const BUSY_REACH = 1.5;

/** What is compared with what. @type {readonly (readonly [Case, Case])[]} */
const PAIRS = [
  ['app click', 'comm'],
  ['app edit', 'comm'],
  ['app click', 'control'],
  ['app edit', 'control'],
  ['app click', 'widgets click'],
  ['app edit', 'widgets edit']
];

/** Marks figures taken with our server extension, so on a socket without Nagle's algorithm. */
const NO_DELAY = ', no delay';

/**
 * What travels is counted where the server is as it comes; it is the same with the extension.
 *
 * @param {import('./_page.mjs').Bench} bench
 * @returns {Promise<import('./_results.mjs').Report>}
 */
export async function measureEcho(bench) {
  const suffix = bench.noDelay ? NO_DELAY : '';
  await show(bench, 'echo.ipynb');
  const samples = await rounds(bench.notebook, CASES);
  const busy = await whileBusy(bench, () => rounds(bench.notebook, HEARD_WHILE_BUSY));
  const counts = bench.noDelay
    ? {}
    : { ...(await traffic(bench, 'app click')), ...(await traffic(bench, 'widgets click')) };
  return {
    figures: {
      ...figuresOf(samples, suffix),
      ...figuresOf(busy, `${BUSY}${suffix}`),
      ...counts
    },
    verdicts: {
      ...verdictsOf(samples, suffix),
      ...busyVerdicts(samples, busy, suffix),
      ...(bench.noDelay ? quickVerdicts(samples, busy) : slowVerdicts(samples))
    }
  };
}

/** @typedef {Partial<Record<Case, number[]>>} Samples */

/**
 * @param {import('./_page.mjs').Bench} bench
 * @param {string} file
 */
async function show(bench, file) {
  const { notebook } = bench;
  await bench.open(file, [BASELINES, APP, WIDGETS]);
  await notebook.runAll();
  const errors = await notebook.errors();
  if (errors.length > 0) {
    throw new Error(errors.join('\n'));
  }
  await notebook.page.locator('#gr-echo textarea').waitFor();
  await notebook.page.locator('.w-echo').waitFor();
  await install(notebook);
}

/**
 * Do something while a cell runs.
 *
 * @template T
 * @param {import('./_page.mjs').Bench} bench
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function whileBusy({ notebook, folder }, work) {
  const stop = path.join(folder, 'stop');
  rmSync(stop, { force: true });
  await notebook.addCell(`
import os, time
while not os.path.exists(${JSON.stringify(stop)}):
    time.sleep(0.01)`);
  await notebook.startCell((await notebook.countCells()) - 1);
  try {
    return await work();
  } finally {
    writeFileSync(stop, '');
    await notebook.whenIdle();
  }
}

/**
 * @param {Samples} samples
 * @param {string} suffix
 */
const figuresOf = (samples, suffix) =>
  Object.fromEntries(
    Object.entries(samples).map(([name, taken]) => [`${name}${suffix}`, figure(taken)])
  );

/**
 * @param {Samples} samples
 * @param {string} suffix
 */
const verdictsOf = (samples, suffix) =>
  Object.fromEntries(
    PAIRS.map(([name, baseline]) => [
      `${name} / ${baseline}${suffix}`,
      {
        value: ratio(samples[name] ?? [], samples[baseline] ?? []),
        reach: REACH,
        of: `times ${baseline}`
      }
    ])
  );

/**
 * @param {Samples} idle
 * @param {Samples} busy
 * @param {string} suffix
 */
const busyVerdicts = (idle, busy, suffix) =>
  Object.fromEntries(
    /** @type {const} */ (['app click', 'app edit']).map(name => [
      `${name}${BUSY} / ${name}${suffix}`,
      {
        value: round(figure(busy[name] ?? []).median / figure(idle[name] ?? []).median),
        reach: BUSY_REACH,
        of: 'times that of an idle kernel'
      }
    ])
  );

/**
 * @param {Samples} idle
 * @param {Samples} busy
 */
const quickVerdicts = (idle, busy) => ({
  [`app click${NO_DELAY}`]: { value: figure(idle['app click'] ?? []).median, reach: 7, of: 'ms' },
  [`app click${BUSY}${NO_DELAY}`]: {
    value: figure(busy['app click'] ?? []).median,
    reach: 7,
    of: 'ms'
  }
});

/** @param {Samples} idle */
const slowVerdicts = idle => ({
  'app click - comm': {
    value: round(figure(idle['app click'] ?? []).median - figure(idle.comm ?? []).median),
    reach: 3,
    of: 'ms more than comm'
  }
});

const round = (/** @type {number} */ value) => Math.round(value * 100) / 100;

/**
 * All cases in turns, in an order that is another one each time: a machine that slows down for a while,
 * or what one case leaves to the next, touches all of them alike.
 *
 * @param {import('../tools/browser.mjs').Notebook} notebook
 * @param {readonly Case[]} cases
 * @returns {Promise<Samples>}
 */
async function rounds(notebook, cases) {
  /** @type {Map<Case, number[]>} */
  const samples = new Map(cases.map(name => [name, []]));
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const name of shuffled(cases)) {
      const taken = await sample(notebook, name);
      if (round >= 0) {
        samples.get(name)?.push(taken);
      }
    }
  }
  return /** @type {Samples} */ (Object.fromEntries(samples));
}

/**
 * @template T
 * @param {readonly T[]} items
 * @returns {T[]}
 */
const shuffled = items =>
  items
    .map(item => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);

/**
 * @param {import('../tools/browser.mjs').Notebook} notebook
 * @param {Case} name
 * @returns {Promise<number>} ms
 */
async function sample({ page }, name) {
  const taken = await page.evaluate(each => /** @type {any} */ (window).ibBench[each](), name);
  await pause(PAUSE_MS);
  return taken;
}

/**
 * Messages and bytes on the kernel's socket, with Jupyter's envelopes and status messages.
 *
 * @param {import('./_page.mjs').Bench} bench
 * @param {Case} name
 * @returns {Promise<Record<string, import('./_results.mjs').Figure>>}
 */
async function traffic(bench, name) {
  await pause(500);
  const before = bench.traffic();
  for (let i = 0; i < COUNTED; i += 1) {
    await sample(bench.notebook, name);
    await pause(200);
  }
  const after = bench.traffic();
  const each = (/** @type {keyof typeof before} */ key) => (after[key] - before[key]) / COUNTED;
  return {
    [`${name}, messages on the socket, up`]: counted('messages', each('up')),
    [`${name}, messages on the socket, down`]: counted('messages', each('down')),
    [`${name}, bytes on the socket, up`]: counted('bytes', Math.round(each('upBytes'))),
    [`${name}, bytes on the socket, down`]: counted('bytes', Math.round(each('downBytes')))
  };
}

/**
 * Put a function for every case into the page; each resolves to ms by the page's own clock.
 *
 * @param {import('../tools/browser.mjs').Notebook} notebook
 */
async function install({ page }) {
  await page.evaluate(async () => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const comm = kernel.createComm('bench-echo');
    await comm.open().done;
    let count = 0;

    /** @param {(data: any) => void} send */
    const echo = send =>
      new Promise(resolve => {
        count += 1;
        const wanted = count;
        comm.onMsg = (/** @type {any} */ message) => {
          if (message.content.data.count === wanted) {
            resolve(performance.now() - start);
          }
        };
        const start = performance.now();
        send({ count });
      });

    /** @param {any} data */
    const sendOnControl = data => {
      const header = {
        msg_id: crypto.randomUUID(),
        msg_type: 'comm_msg',
        session: kernel.clientId,
        username: kernel.username,
        date: new Date().toISOString(),
        version: '5.3'
      };
      const content = { comm_id: comm.commId, data };
      const message = { header, parent_header: {}, metadata: {}, content, channel: 'control' };
      kernel.sendControlMessage({ ...message, buffers: [] }, false, true).dispose();
    };

    const find = (/** @type {string} */ selector) =>
      /** @type {any} */ (document.querySelector(selector));
    const text = (/** @type {any} */ element) => element.value ?? element.textContent;

    /**
     * @param {string} target
     * @param {() => void} act
     */
    const changed = (target, act) =>
      new Promise(resolve => {
        const element = find(target);
        const before = text(element);
        const observer = new MutationObserver(() => {
          if (text(element) !== before) {
            observer.disconnect();
            resolve(performance.now() - start);
          }
        });
        // a field's value is no part of the DOM, but React keeps its default value beside it
        const all = { subtree: true, childList: true, characterData: true, attributes: true };
        observer.observe(element.parentElement, all);
        const start = performance.now();
        act();
      });

    /** @param {string} selector */
    const edit = selector => {
      const field = find(selector);
      count += 1;
      // past React's own setter, so that it sees a change
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value')?.set?.call(
        field,
        String(count)
      );
      field.dispatchEvent(new Event('input', { bubbles: true }));
    };

    /** @type {any} */ (window).ibBench = {
      comm: () => echo(data => comm.send(data)),
      control: () => echo(sendOnControl),
      'app click': () =>
        changed('#gr-clicked textarea', () => find('button#gr-button, #gr-button button').click()),
      'app edit': () => changed('#gr-echo textarea', () => edit('#gr-source input[type=range]')),
      'widgets click': () => changed('.w-clicked', () => find('.w-button').click()),
      'widgets edit': () => changed('.w-echo', () => edit('.w-source input'))
    };
  });
}
