/** Twenty thousand messages as fast as Python makes them, alone and among widgets that flood the same line. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { useBench } from './bench';

const bench = useBench();

const COUNT = 20_000;
/** Milliseconds; what a busy machine takes. An idle one: a few hundred. */
const LATE = { timeout: 90_000, interval: 20 };

const APP = `
import threading, time
import ipyblocks as gr
enough = threading.Event()
def values():
    for i in range(${COUNT}):
        yield str(i)
    yield f"end {time.time()}"
def prints(progress=gr.Progress()):
    for i in range(${COUNT}):
        print(i)
        progress((i, ${COUNT}))
    return f"end {time.time()}"
with gr.Blocks() as demo:
    result, told = gr.Textbox(label="Result"), gr.Textbox(label="Told")
    gr.Button("Values").click(values, None, result)
    gr.Button("Enough").click(lambda: enough.set(), queue=False)
    gr.Button("Prints").click(prints, None, told)
demo`;

const WIDGETS = 20;
/**
 * Messages of the kernel's other widgets, from a thread and so without ever being idle: of more than three megabytes
 * in three seconds the server drops what comes, ours as well. Large ones: a kernel that has little of a busy machine
 * still makes too many, and a page that has little of it still reads those that come.
 */
const FLOOD = `
import ipywidgets
widgets = [ipywidgets.Text() for _ in range(${WIDGETS})]
def _flood():
    i = 0
    while not enough.is_set() and i < 5_000:
        i += 1
        for widget in widgets:
            widget.value = f"{i} {'.' * 8_000}"
        time.sleep(0.01)
flood = threading.Thread(target=_flood)
flood.start()`;

/** Wait for the end that a function has told; how many milliseconds after it was made the page shows it. */
async function shown(field: Locator): Promise<number> {
  await expect.poll(() => field.inputValue(), LATE).toMatch(/^end/);
  return Date.now() - 1000 * Number((await field.inputValue()).slice(4));
}

/** The page has it all: the end of the log, no task, nothing on its way. */
async function isRight(app: Locator): Promise<void> {
  await expect.poll(() => app.locator('.ib-Footer-tasks').count(), LATE).toBe(0);
  const log = app.locator('.ib-Footer-log');
  await log.evaluate(element => element.toggleAttribute('open', true));
  await expect
    .poll(async () => (await log.locator('pre').textContent())?.slice(-6), LATE)
    .toBe(`${COUNT - 1}\n`);
  await bench.untilPython(
    '(lambda s: s._out._credit.outstanding == 0 and not s._out.waiting and not s.tasks)' +
      '(__import__("ipyblocks").display.shown()[-1]._session)'
  );
}

test('of values, lines and reports', async () => {
  const app = await bench.run(APP);
  await app.getByRole('button', { name: 'Values' }).click();
  const late = [await shown(app.getByLabel('Result'))];
  await app.getByRole('button', { name: 'Prints' }).click();
  late.push(await shown(app.getByLabel('Told')));
  await isRight(app);
  console.warn(`shown ${late.map(Math.round).join(' and ')} ms after the end`);
});

/** What came of the flood, kept in the page. */
interface Heard {
  count: number;
  newest: number;
  at: number;
}

interface CommMessage {
  readonly header: { readonly msg_type: string };
  readonly content: { readonly data: { readonly state?: { readonly value?: unknown } } };
}

/** The part of JupyterLab that is used here. */
interface Lab {
  readonly jupyterapp: {
    readonly shell: {
      readonly currentWidget: { readonly sessionContext: { readonly session: Session } };
    };
  };
}

interface Session {
  readonly kernel: {
    readonly iopubMessage: {
      connect(slot: (sender: unknown, message: CommMessage) => void): void;
    };
  };
}

/** Count, in the page, what comes of the flood from now on. */
async function listen(): Promise<() => Promise<Heard>> {
  await bench.page.evaluate(() => {
    const { kernel } = (window as unknown as Lab).jupyterapp.shell.currentWidget.sessionContext
      .session;
    const heard: Heard = { count: 0, newest: 0, at: 0 };
    Object.assign(window, { heard });
    kernel.iopubMessage.connect((_, { header, content }) => {
      const value = header.msg_type === 'comm_msg' ? content.data.state?.value : undefined;
      const number = typeof value === 'string' ? parseInt(value) : NaN;
      if (number > 0) {
        heard.count += 1;
        heard.newest = Math.max(heard.newest, number);
        heard.at = Date.now();
      }
    });
  });
  return () => bench.page.evaluate(() => (window as unknown as { heard: Heard }).heard);
}

test('while the server drops messages, because other widgets send too many', async () => {
  const app = await bench.run(APP);
  const heard = await listen();
  const dropped = async (): Promise<number> => {
    const { count, newest } = await heard();
    return WIDGETS * (newest - 1) - count;
  };
  await app.getByRole('button', { name: 'Values' }).click();
  await bench.python(FLOOD);
  await app.getByRole('button', { name: 'Prints' }).click();
  await expect.poll(dropped, LATE).toBeGreaterThan(500);
  // on the control channel: a cell's answer would come behind what is on its way
  await app.getByRole('button', { name: 'Enough' }).click();
  await shown(app.getByLabel('Told'));
  await shown(app.getByLabel('Result'));
  const now = Date.now();
  await isRight(app);
  const ends = await Promise.all(
    ['Told', 'Result'].map(label => app.getByLabel(label).inputValue())
  );
  const last = Math.max((await heard()).at, ...ends.map(value => 1000 * Number(value.slice(4))));
  console.warn(`${await dropped()} dropped; shown ${Math.round(now - last)} ms after the last`);
  await bench.python('[w.close() or w.layout.close() or w.style.close() for w in widgets]');
});
