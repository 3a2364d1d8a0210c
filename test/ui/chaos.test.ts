/**
 * A page and its kernel with a line between them that is late, narrow, in pieces, silent and cut: when it is
 * good again, both have the same, and everything was done once.
 *
 * `IPYBLOCKS_CHAOS=20 npm test -- ui` tries more than the usual seeds.
 */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';

import { seeded, startProxy } from '../../tools/proxy.mjs';
import { dedent, fields, shows, useBench } from './bench';

const SEEDS = Number(process.env['IPYBLOCKS_CHAOS'] ?? 2);
const STEPS = 45;
/** JupyterLab waits ever longer between two tries to connect: up to a second, then three, then seven. */
const RECONNECTS = { timeout: 120_000, interval: 50 };
/** Milliseconds until a question to the kernel is taken to be lost. */
const ANSWER = 5_000;

type Proxy = Awaited<ReturnType<typeof startProxy>>;
let proxy: Proxy;
/** Of the test that runs: what happens, whatever comes over the line meanwhile, and what becomes of that. */
let [next, chance] = [seeded(0), seeded(0)];

beforeAll(async () => {
  proxy = await startProxy(inject('lab').url, () => chance());
});

const bench = useBench('python3', () => proxy.url);

beforeEach(() => {
  // what a browser and JupyterLab say of a cut line
  bench.leaves.errors = [/WebSocket connection to/, /ERR_CONNECTION/, /^$/];
});

afterAll(() => proxy.stop());

const APP = `
import time, threading
import ipyblocks as gr
clicks, heard, gate = [], [], threading.Event()
def clicked():
    clicks.append(1)
    print(f"click {len(clicks)}")
    return str(len(clicks))
def listen(text):
    heard.append(text)
    return text.upper()
def tell():
    history = []
    for turn in range(8):
        history.append({"turn": turn, "text": "word " * 50})
        yield history, "so far: " + "word " * 60 * (turn + 1)
        time.sleep(0.03)
def work(progress=gr.Progress()):
    for step in progress.tqdm(range(20), desc="working"):
        if step == 10:
            gate.wait()
        time.sleep(0.01)
    return "worked"
def fail():
    raise gr.Error("as asked", print_exception=False)
with gr.Blocks() as demo:
    source, echo = gr.Textbox(label="Source"), gr.Textbox(label="Echo")
    source.change(listen, source, echo)
    count, story, result = gr.Textbox("0", label="Count"), gr.Textbox(label="Story"), gr.Textbox(label="Result")
    history = gr.JSON([])
    many = dict(trigger_mode="multiple", concurrency_limit=None)
    gr.Button("Add", elem_id="add").click(clicked, None, count, **many)
    telling = gr.Button("Tell", elem_id="tell").click(tell, None, [history, story], trigger_mode="multiple")
    gr.Button("Stop", elem_id="stop").click(None, cancels=[telling])
    gr.Button("Work", elem_id="work").click(work, None, result)
    gr.Button("Fail", elem_id="fail").click(fail, **many)
demo`;

/** Keeps count of what the engine tells of tasks, and says what the session has. */
const WATCH = `
import json
from ipyblocks import display
_widget = display.shown()[-1]
_teller, begun, ended = _widget._engine.teller, [], []
def _noting(former, into):
    def call(task):
        into.append(task.id)
        return former(task)
    return call
_teller.started, _teller.ended = _noting(_teller.started, begun), _noting(_teller.ended, ended)
def _truth():
    s = _widget._session
    return {
        "values": [s.payload(each) or "" for each in (source, echo, count, story, result)],
        "history": len(s.payload(history)),
        "clicks": len(clicks), "heard": heard, "begun": begun, "ended": ended, "tasks": len(s.tasks),
        "log": "".join(e.text for e in s.journal.all()),
        "unconfirmed": s._out._credit.outstanding, "held": len(s._out._messages),
    }
def truth():
    print(json.dumps(_widget._engine.thread.call(_truth)))`;

interface Truth {
  readonly values: readonly string[];
  readonly history: number;
  readonly clicks: number;
  readonly heard: readonly string[];
  readonly begun: readonly number[];
  readonly ended: readonly number[];
  readonly tasks: number;
  readonly log: string;
  readonly unconfirmed: number;
  readonly held: number;
}

async function truth(): Promise<Truth> {
  return JSON.parse(await bench.python('truth()')) as Truth;
}

async function open(seed: number): Promise<Locator> {
  [next, chance] = [seeded(seed), seeded(seed + 1000)];
  return bench.run(APP, WATCH);
}

/** Press a button as fast as the page takes it, whatever the line does. */
async function press(id: string): Promise<void> {
  await bench.page.evaluate(
    name => document.querySelector<HTMLElement>(`button#${name}, #${name} button`)!.click(),
    id
  );
}

const status = (app: Locator): Promise<string | null> => app.getAttribute('data-status');

/** Wait until the line is there again and the kernel has answered on it. */
async function connected(app: Locator): Promise<void> {
  // JupyterLab knows nothing of a kernel's status after some of its reconnects, until the kernel has done something;
  // what it is asked on a line that the page does not know to be cut is never answered
  const answer = (): Promise<string> =>
    Promise.race([
      bench.python('print("here")').catch(() => 'the page is gone'),
      later(ANSWER).then(() => 'no answer')
    ]);
  await expect
    .poll(async () => [await status(app), await answer()], RECONNECTS)
    .toEqual(['live', 'here']);
}

/** What must hold when the line is good and everybody has had time to say what was to be said. */
async function agree(app: Locator, typed: readonly string[], clicks: number): Promise<Truth> {
  // what the page has kept comes after the line is there, and may start something
  const last = typed.at(-1) ?? '';
  const settled = async (): Promise<object> => {
    const { values, ...rest } = await truth();
    return { ...rest, source: values[0] };
  };
  const rest = { source: last, clicks, tasks: 0, unconfirmed: 0, held: 0 };
  await expect.poll(settled, RECONNECTS).toMatchObject(rest);
  const found = await truth();
  await expect.poll(() => fields(app)).toEqual(found.values);
  expect(found.clicks).toBe(clicks);
  expect(found.values[0]).toBe(last);
  // each at most once, and in the order of typing: edits that wait become one
  const order = found.heard.map(text => typed.indexOf(text));
  expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
  expect(found.heard.at(-1)).toBe(typed.at(-1));
  // those that were stopped while they waited have never begun
  expect(found.begun.filter(task => !found.ended.includes(task))).toEqual([]);
  expect(new Set(found.ended).size).toBe(found.ended.length);
  await expect.poll(() => app.locator('.ib-Footer-tasks').count()).toBe(0);
  await readsLog(app, found.log);
  return found;
}

async function readsLog(app: Locator, log: string): Promise<void> {
  const details = app.locator('.ib-Footer-log');
  if (log !== '') {
    await details.evaluate(element => element.toggleAttribute('open', true));
    await expect.poll(() => details.locator('pre').textContent()).toBe(log);
  }
}

// --- seeds -----------------------------------------------------------------------------------------

/** Something happens to the line. */
function fault(): void {
  const choice = next();
  if (choice < 0.3) {
    proxy.weather = {
      delay: 60 * next(),
      slice: next() < 0.7,
      rate: next() < 0.4 ? 60_000 : Infinity
    };
  } else if (choice < 0.5) {
    proxy.cut();
  } else if (choice < 0.6) {
    proxy.isDown = true;
    proxy.cut();
  } else if (choice < 0.75) {
    proxy.silence();
  } else {
    proxy.heal();
  }
}

async function live(seed: number): Promise<void> {
  const app = await open(seed);
  const typed: string[] = [];
  let clicks = 0;
  await press('work');
  for (let i = 0; i < STEPS; i += 1) {
    const choice = next();
    if (choice < 0.25) {
      fault();
    } else if (choice < 0.5) {
      clicks += 1;
      await press('add');
    } else if (choice < 0.75) {
      typed.push(`text ${typed.length}`);
      await app.getByLabel('Source').fill(typed.at(-1) ?? '');
    } else if (choice < 0.85) {
      await press('tell');
    } else if (choice < 0.92) {
      await press('fail');
    } else {
      await press('stop');
    }
    await later(next() * 50);
  }
  typed.push('the last');
  await app.getByLabel('Source').fill('the last');
  proxy.heal();
  await connected(app);
  await bench.python('gate.set()');
  const found = await agree(app, typed, clicks);
  expect(found.values[4]).toBe('worked');
}

/** How long a line stays as it is, is part of the seed. */
const later = (milliseconds: number): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, milliseconds));

describe('whatever the line does', () => {
  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    'seed %i: both ends agree',
    { timeout: 300_000 },
    live
  );
});

// --- by name ---------------------------------------------------------------------------------------

test('what is typed and clicked while the line is down is kept, and sent once', async () => {
  const app = await open(1);
  await app.getByLabel('Source').fill('before');
  await press('add');
  await shows(app.getByLabel('Count'), '1');
  await shows(app.getByLabel('Echo'), 'BEFORE');
  proxy.isDown = true;
  const refused = proxy.faults.refused;
  proxy.cut();
  await expect.poll(() => status(app)).toBe('lost');
  await expect.poll(() => proxy.faults.refused, RECONNECTS).toBeGreaterThan(refused);
  await app.getByLabel('Source').fill('offline');
  await press('add');
  await app.getByLabel('Source').fill('offline, and more');
  await press('add');
  // nothing of it pretends to be heard
  expect(await app.getByLabel('Echo').inputValue()).toBe('BEFORE');
  proxy.heal();
  await connected(app);
  const typed = ['before', 'offline', 'offline, and more'];
  const found = await agree(app, typed, 3);
  expect(found.heard).toEqual(typed);
});

test('what went into a line that nobody hears is sent again, once', async () => {
  const app = await open(2);
  await press('add');
  await shows(app.getByLabel('Count'), '1');
  proxy.silence();
  const before = proxy.faults.lost;
  await press('add');
  await app.getByLabel('Source').fill('into the void');
  await press('add');
  await expect.poll(() => proxy.faults.lost).toBeGreaterThan(before);
  // neither end knows yet
  expect(await status(app)).toBe('live');
  proxy.heal();
  await shows(app.getByLabel('Echo'), 'INTO THE VOID');
  await connected(app);
  await agree(app, ['into the void'], 3);
});

test('a running task and its progress are there again, and its end, which nobody heard, is learned', async () => {
  const app = await open(3);
  await press('work');
  const half = app.getByText(/10\s*\/\s*20/).first();
  await half.waitFor();
  proxy.cut();
  await connected(app);
  await half.waitFor();
  // the way round the line
  const go = path.join(inject('lab').root, `chaos-${process.pid}`);
  await bench.python(
    dedent(`
    import pathlib
    def _open_gate():
        while not pathlib.Path(${JSON.stringify(go)}).exists():
            time.sleep(0.01)
        gate.set()
    threading.Thread(target=_open_gate).start()`)
  );
  proxy.silence();
  const before = proxy.faults.lost;
  writeFileSync(go, '');
  await expect.poll(() => proxy.faults.lost).toBeGreaterThan(before);
  proxy.heal();
  await shows(app.getByLabel('Result'), 'worked');
  await connected(app);
  await agree(app, [], 0);
  rmSync(go);
});

test('all sorts of faults were there', () => {
  const missing = Object.entries(proxy.faults).filter(([, count]) => count === 0);
  // whether a slow line was ever too slow for what there was to say depends on the machine
  expect(missing.filter(([name]) => name !== 'throttled')).toEqual([]);
});
