/** Handlers that fail, speak, take long; and events that come while a cell runs. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { shows, useBench } from './bench';

const bench = useBench();

test('an exception: what failed in words, the traceback in a fold, and the app goes on', async () => {
  const app = await bench.run(`
    import ipyblocks as gr

    def divide(text):
        return str(12 / int(text))

    with gr.Blocks() as demo:
        inp = gr.Textbox("0", label="In")
        out = gr.Textbox(label="Out")
        gr.Button("Divide").click(divide, inp, out)
    demo.launch()
  `);
  const divide = app.getByRole('button', { name: 'Divide' });
  const output = app.locator('.ib-Textbox', { has: bench.page.getByLabel('Out') });
  await divide.click();
  const failure = output.getByRole('alert');
  await failure.waitFor();
  expect(await failure.locator('strong').textContent()).toBe('Error');
  expect(await failure.locator('.ib-Failure-message').textContent()).toBe(
    'ZeroDivisionError: division by zero'
  );
  const trace = failure.locator('pre');
  expect(await trace.isVisible()).toBe(false);
  await failure.getByText('Traceback', { exact: true }).click();
  expect(await trace.isVisible()).toBe(true);
  expect(await trace.textContent()).toMatch(/in divide[\s\S]*12 \/ int\(text\)/);
  // the frames of ipyblocks itself are nobody's business
  expect(await trace.textContent()).not.toMatch(/runtime[/\\]/);
  await bench.picture('failure');
  await app.getByLabel('In').fill('4');
  await divide.click();
  await shows(app.getByLabel('Out'), '3.0');
  await expect.poll(() => failure.count()).toBe(0);
  // the next failure can be put away by hand
  await app.getByLabel('In').fill('x');
  await divide.click();
  await failure.getByRole('button', { name: 'Dismiss' }).click();
  await expect.poll(() => failure.count()).toBe(0);
  expect(await app.locator('.ib-Toast').count()).toBe(0);
});

test('gr.Error, Warning, Info and Success are toasts', async () => {
  const app = await bench.run(`
    import ipyblocks as gr

    def speak(kind):
        if kind == "Error":
            raise gr.Error("Not that one.", title="Stop", duration=None)
        getattr(gr, kind)(f"This is {kind}.", duration=None)
        return kind

    with gr.Blocks() as demo:
        out = gr.Textbox(label="Out")
        for kind in ["Error", "Warning", "Info", "Success"]:
            button = gr.Button(kind)
            button.click(speak, button, out)
    demo.launch()
  `);
  const toasts = app.getByRole('region', { name: 'Messages' });
  for (const kind of ['Warning', 'Info', 'Success']) {
    await app.getByRole('button', { name: kind, exact: true }).click();
    await toasts.getByText(`This is ${kind}.`).waitFor();
    await shows(app.getByLabel('Out'), kind);
  }
  await app.getByRole('button', { name: 'Error', exact: true }).click();
  const error = toasts.getByRole('alert');
  await error.waitFor();
  expect(await error.locator('strong').textContent()).toBe('Stop');
  expect(await error.textContent()).toContain('Not that one.');
  await bench.picture('toasts');
  // the value stays, and there is no traceback anywhere
  expect(await app.getByLabel('Out').inputValue()).toBe('Success');
  expect(await app.locator('pre').count()).toBe(0);
  for (let left = await toasts.locator('.ib-Toast').count(); left > 0; left -= 1) {
    await toasts.getByRole('button', { name: 'Close' }).first().click();
    await expect.poll(() => toasts.locator('.ib-Toast').count()).toBe(left - 1);
  }
});

test('show_error adds a toast and the console', async () => {
  bench.leaves.errors.push(/ipyblocks: [\s\S]*on purpose/);
  const app = await bench.run(`
    import ipyblocks as gr

    def fail():
        raise ValueError("on purpose")

    with gr.Blocks() as demo:
        out = gr.Textbox(label="Out")
        gr.Button("Fail").click(fail, None, out)
    demo.launch(show_error=True)
  `);
  await app.getByRole('button', { name: 'Fail' }).click();
  await app.locator('.ib-Toast', { hasText: 'on purpose' }).waitFor();
  await expect
    .poll(() => bench.notebook.pageErrors.join('\n'))
    .toMatch(/ipyblocks: [\s\S]*on purpose/);
});

/** Cells that keep the kernel busy until the app says stop, each in another way. */
const BUSY = [
  ['time.sleep', 'while not done: time.sleep(0.05)'],
  ['a pure Python loop', 'while not done: sum(range(1000))'],
  ['await asyncio.sleep', 'while not done: await asyncio.sleep(0.05)']
] as const;

/** JupyterLab's "busy" may be that of a message of the app, and comes before the cell can be interrupted. */
const BEGUN = 'print("begun", flush=True)';

test('events are answered while a cell runs', async () => {
  const app = await bench.run(
    `
    import asyncio, time
    import ipyblocks as gr
    done = []

    with gr.Blocks() as demo:
        inp = gr.Textbox(label="In")
        out = gr.Textbox(label="Out")
        gr.Button("Go").click(lambda x: f"<{x}>", inp, out)
        gr.Button("Stop").click(lambda: done.append(True))
    demo.launch()`,
    'done'
  );
  const { notebook } = bench;
  for (const [way, source] of BUSY) {
    await notebook.setSource(1, `done.clear()\n${BEGUN}\n${source}\nprint("ended by the app")`);
    await notebook.startCell(1);
    await expect.poll(() => notebook.outputs(1)).toMatchObject([{ text: 'begun\n' }]);
    await app.getByLabel('In').fill(way);
    await app.getByRole('button', { name: 'Go' }).click();
    await shows(app.getByLabel('Out'), `<${way}>`);
    const running = await notebook.outputs(1);
    expect(running, 'the cell still runs').toMatchObject([{ text: 'begun\n' }]);
    await app.getByRole('button', { name: 'Stop' }).click();
    // not whenIdle: ipykernel says "idle" after every message on the control channel
    await expect
      .poll(() => notebook.outputs(1))
      .toMatchObject([{ text: 'begun\nended by the app\n' }]);
    await app.getByLabel('In').fill('afterwards');
    await app.getByRole('button', { name: 'Go' }).click();
    await shows(app.getByLabel('Out'), '<afterwards>');
  }
  // an interrupted cell takes nothing with it
  await notebook.setSource(1, `${BEGUN}\nwhile True: time.sleep(0.05)`);
  await notebook.startCell(1);
  await expect.poll(() => notebook.outputs(1)).toMatchObject([{ text: 'begun\n' }]);
  await notebook.interruptKernel();
  await expect
    .poll(() => notebook.outputs(1))
    .toMatchObject([{ text: 'begun\n' }, { ename: 'KeyboardInterrupt' }]);
  await app.getByLabel('In').fill('interrupted');
  await app.getByRole('button', { name: 'Go' }).click();
  await shows(app.getByLabel('Out'), '<interrupted>');
});

test('Cancel ends an async handler at once, and words say what goes on', async () => {
  const app = await bench.run(`
    import asyncio
    import ipyblocks as gr
    seen = []

    async def work():
        seen.append("begun")
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with gr.Blocks() as demo:
        out = gr.Textbox("old", label="Out")
        gr.Button("Work").click(work, None, out)
        gr.Button("Echo").click(lambda: "new", None, out)
    demo.launch()
  `);
  await app.getByRole('button', { name: 'Work' }).click();
  const status = app.locator('.ib-Status-line');
  await status.getByText('Working').waitFor();
  // the value stays in sight
  expect(await app.getByLabel('Out').inputValue()).toBe('old');
  await bench.picture('working');
  await bench.untilPython('seen == ["begun"]');
  await status.getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => status.count()).toBe(0);
  await bench.untilPython('seen == ["begun", "cancelled"]');
  expect(await app.getByRole('alert').count()).toBe(0);
  await app.getByRole('button', { name: 'Echo' }).click();
  await shows(app.getByLabel('Out'), 'new');
});

test('a generator is seen step by step, and Cancel stops it between steps', async () => {
  const app = await bench.run(`
    import threading
    import ipyblocks as gr
    step = threading.Semaphore(0)
    ended = []

    def count():
        try:
            for i in range(1000):
                yield str(i)
                step.acquire()
        finally:
            ended.append(True)

    with gr.Blocks() as demo:
        out = gr.Textbox(label="Out")
        gr.Button("Count").click(count, None, out)
    demo.launch()
  `);
  await app.getByRole('button', { name: 'Count' }).click();
  await shows(app.getByLabel('Out'), '0');
  await bench.python('step.release()');
  await shows(app.getByLabel('Out'), '1');
  const status = app.locator('.ib-Status-line');
  await status.getByRole('button', { name: 'Cancel' }).click();
  await status.getByText('Stopping').waitFor();
  await bench.python('step.release()');
  await expect.poll(() => status.count()).toBe(0);
  await bench.untilPython('ended == [True]');
  expect(await app.getByLabel('Out').inputValue()).toBe('1');
});

test('what waits says its place in the queue', async () => {
  const app = await bench.run(`
    import threading
    import ipyblocks as gr
    gate = threading.Semaphore(0)

    def wait(name):
        gate.acquire()
        return name

    with gr.Blocks() as demo:
        for name in "abc":
            out = gr.Textbox(label=name)
            button = gr.Button(f"Run {name}")
            button.click(wait, button, out, concurrency_id="one")
    demo.launch()
  `);
  for (const name of 'abc') {
    await app.getByRole('button', { name: `Run ${name}` }).click();
  }
  await app.getByText(/^1 of \d in queue/).waitFor();
  await app.getByText('2 of 2 in queue').waitFor();
  await bench.picture('queue');
  await bench.python('gate.release(3)');
  for (const name of 'abc') {
    await shows(app.getByLabel(name, { exact: true }), `Run ${name}`);
  }
  await expect.poll(() => status(app)).toBe(0);
});

function status(app: Locator): Promise<number> {
  return app.locator('.ib-Status').count();
}
