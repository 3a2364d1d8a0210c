/** Twenty thousand messages as fast as Python makes them, alone and among widgets that flood the same line. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { useBench } from './bench';

const bench = useBench();

const COUNT = 20_000;
/** Milliseconds; what a busy machine takes. An idle one: a few hundred. */
const LATE = { timeout: 30_000, interval: 20 };

const APP = `
import threading, time
import ipyblocks as gr
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
    gr.Button("Prints").click(prints, None, told)
demo`;

/** Messages of the kernel's other widgets, from a thread and so without ever being idle: some thousand a second. */
const FLOOD = `
import ipywidgets, itertools
widgets = [ipywidgets.IntText() for _ in range(20)]
flooding = threading.Event()
def _flood():
    for i in itertools.count():
        for widget in widgets:
            widget.value = i
        if flooding.wait(0.004):
            break
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
  console.log(`shown ${late.map(Math.round).join(' and ')} ms after the end`);
});

test('while the server drops messages, because other widgets send too many', async () => {
  const app = await bench.run(APP);
  // JupyterLab says so in the output of the cell whose messages were dropped
  const notices = async (): Promise<number> => {
    const outputs = await bench.notebook.outputs(0);
    return JSON.stringify(outputs).split('rate exceeded').length - 1;
  };
  await bench.python(FLOOD);
  try {
    await app.getByRole('button', { name: 'Values' }).click();
    await expect.poll(() => app.getByLabel('Result').inputValue(), LATE).not.toBe('');
    await app.getByRole('button', { name: 'Prints' }).click();
    await shown(app.getByLabel('Result'));
  } finally {
    await bench.python('flooding.set(); flood.join()');
  }
  const dropped = await notices();
  const late = await shown(app.getByLabel('Told'));
  await isRight(app);
  console.log(`${dropped} notices; shown ${Math.round(late)} ms after the end`);
  expect(dropped).toBeGreaterThan(0);
  await bench.python('[w.close() or w.layout.close() or w.style.close() for w in widgets]');
});
