/** What is seen of the engine: places, estimates, bars, cancel, streams, logs, timers, rendered parts, jobs. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { shows, useBench } from './bench';

const bench = useBench();

/** The words of the status line at an output. */
function words(app: Locator, label: string): Locator {
  return app
    .locator('.ib-Frame', { has: bench.page.getByLabel(label) })
    .locator('.ib-Status-words');
}

test('waiting outputs say their place and, once it is known, about how long', async () => {
  const app = await bench.run(`
    import threading
    import ipyblocks as gr

    gate = threading.Semaphore(0)

    def draw(what):
        gate.acquire()
        return f"drawn {what}"

    with gr.Blocks() as demo:
        for name in "abc":
            out = gr.Textbox(label=f"Out {name}")
            gr.Button(f"Draw {name}").click(lambda name=name: draw(name), None, out, concurrency_id="pen")
    demo.launch()
  `);
  for (const name of 'abc') {
    await app.getByRole('button', { name: `Draw ${name}`, exact: true }).click();
  }
  await expect.poll(() => words(app, 'Out b').textContent()).toBe('1 of 2 in queue');
  await expect.poll(() => words(app, 'Out c').textContent()).toBe('2 of 2 in queue');
  expect(await words(app, 'Out a').textContent()).toMatch(/^Working… · \d/);
  await bench.picture('places');
  const tasks = app.locator('.ib-Footer-tasks');
  await expect.poll(() => tasks.locator('summary').textContent()).toBe('1 running, 2 waiting');
  await bench.picture('tasks');
  // one that waits is gone at once
  await app
    .getByRole('button', { name: /^Cancel/ })
    .last()
    .click();
  await expect.poll(() => words(app, 'Out c').count()).toBe(0);
  await bench.python('gate.release(); gate.release()');
  await shows(app.getByLabel('Out b'), 'drawn b');
  expect(await app.getByLabel('Out c').inputValue()).toBe('');
  // the runs that ended tell about how long the next one takes
  await app.getByRole('button', { name: 'Draw a', exact: true }).click();
  await expect.poll(() => words(app, 'Out a').textContent()).toMatch(/of about|Taking longer/);
  await bench.python('gate.release()');
  await shows(app.getByLabel('Out a'), 'drawn a');
});

test('progress is measured, nested or estimated, and the bar says which', async () => {
  const app = await bench.run(`
    import threading
    import ipyblocks as gr

    steps = [threading.Event() for _ in range(3)]

    def train(progress=gr.Progress()):
        for i in progress.tqdm(range(4), desc="Epochs"):
            if i == 2:
                steps[0].wait()
        progress.fake(0.9, desc="Elsewhere", estimated_time=60)
        steps[1].wait()
        progress((3, 4), desc="Writing", unit="files")
        steps[2].wait()
        return "done"

    with gr.Blocks() as demo:
        out = gr.Textbox(label="Out")
        gr.Button("Train").click(train, None, out)
    demo.launch()
  `);
  await app.getByRole('button', { name: 'Train' }).click();
  const bar = app.locator('.ib-Textbox').getByRole('progressbar');
  await expect.poll(() => bar.getAttribute('aria-valuenow')).toBe('50');
  expect(await bar.getAttribute('class')).toContain('ib-is-measured');
  await expect.poll(() => words(app, 'Out').textContent()).toMatch(/^Epochs 2\/4 · .* · 50 %$/);
  await bench.picture('measured');
  await bench.python('steps[0].set()');
  await expect.poll(() => bar.getAttribute('class')).toContain('ib-is-estimated');
  await expect.poll(() => words(app, 'Out').textContent()).toContain('Elsewhere');
  await bench.picture('estimated');
  await bench.python('steps[1].set()');
  await expect.poll(() => bar.getAttribute('aria-valuenow')).toBe('75');
  await expect.poll(() => words(app, 'Out').textContent()).toContain('Writing 3/4 files');
  // a page that comes now sees the same
  await bench.notebook.save();
  await bench.notebook.open();
  const again = bench.apps().first();
  await expect
    .poll(() => again.locator('.ib-Textbox').getByRole('progressbar').getAttribute('aria-valuenow'))
    .toBe('75');
  await bench.python('steps[2].set()');
  await shows(again.getByLabel('Out'), 'done');
  // the bar runs to its end first
  await expect.poll(() => again.getByRole('progressbar').count()).toBe(0);
});

test('a stream shows every token, and Cancel ends it at the next', async () => {
  const app = await bench.run(`
    import threading
    import ipyblocks as gr

    tokens = threading.Semaphore(0)
    closed = []

    def tell():
        text = "x" * 300
        try:
            for i in range(1000):
                tokens.acquire()
                text += f" {i}"
                yield text
        finally:
            closed.append(True)

    with gr.Blocks() as demo:
        out = gr.Textbox(label="Out")
        gr.Button("Tell").click(tell, None, out)
    demo.launch()
  `);
  await app.getByRole('button', { name: 'Tell' }).click();
  await bench.python('for _ in range(200): tokens.release()');
  await expect.poll(() => app.getByLabel('Out').inputValue()).toMatch(/ 198 199$/);
  await app
    .getByRole('button', { name: /^Cancel/ })
    .first()
    .click();
  await words(app, 'Out').getByText('Stopping').waitFor();
  await bench.python('tokens.release()');
  await bench.untilPython('closed == [True]');
  await expect.poll(() => app.getByRole('progressbar').count()).toBe(0);
  expect(await app.getByLabel('Out').inputValue()).toMatch(/ 199$/);
});

test('what handlers print is in the log of their app, not in a cell', async () => {
  const app = await bench.run(`
    import logging, warnings
    import ipyblocks as gr

    def speak():
        print("printed")
        logging.getLogger("mine").warning("logged")
        warnings.warn("warned")
        return "spoken"

    with gr.Blocks() as demo:
        out = gr.Textbox(label="Out")
        gr.Button("Speak").click(speak, None, out)
    demo.launch()
  `);
  expect(await app.locator('.ib-Footer').textContent()).toBe('');
  await app.getByRole('button', { name: 'Speak' }).click();
  await shows(app.getByLabel('Out'), 'spoken');
  const log = app.locator('.ib-Footer-log');
  await log.locator('summary').click();
  await expect
    .poll(() => log.locator('pre').textContent())
    .toMatch(/printed\n[\s\S]*logged\n[\s\S]*warned/);
  await bench.picture('log');
  expect(await bench.notebook.outputArea(0).textContent()).not.toContain('printed\n\n');
  await log.getByRole('button', { name: 'Clear' }).click();
  await expect.poll(() => log.locator('pre').textContent()).not.toContain('printed');
});

test('timers tick, rendered parts are built anew and keep what has a key', async () => {
  const app = await bench.run(`
    import ipyblocks as gr

    with gr.Blocks() as demo:
        ticks = gr.Number(0, label="Ticks")
        timer = gr.Timer(0.05)
        timer.tick(lambda n: n + 1, ticks, ticks, show_progress="hidden")
        gr.Button("Hold").click(lambda: gr.Timer(active=False), None, timer)
        count = gr.Number(2, label="Count", precision=0)
        joined = gr.Textbox(label="Joined")

        @gr.render(inputs=count)
        def names(n):
            fields = [gr.Textbox(label=f"Name {i}", key=i) for i in range(n)]
            gr.Button("Join").click(lambda *names: "+".join(filter(None, names)), fields, joined)
    demo.launch()
  `);
  await expect
    .poll(async () => Number(await app.getByLabel('Ticks').inputValue()))
    .toBeGreaterThan(3);
  await app.getByRole('button', { name: 'Hold' }).click();
  await bench.untilPython('not [*demo.running_engine().sessions.values()][0].timers.ticking()');
  await app.getByLabel('Name 0').fill('Ada');
  await app.getByLabel('Count').fill('3');
  await app.getByLabel('Name 2').fill('Grace');
  expect(await app.getByLabel('Name 0').inputValue()).toBe('Ada');
  await app.getByRole('button', { name: 'Join' }).click();
  await shows(app.getByLabel('Joined'), 'Ada+Grace');
  await app.getByLabel('Count').fill('1');
  await expect.poll(() => app.getByLabel('Name 2').count()).toBe(0);
});

test('a js step runs in the page, before the function', async () => {
  const app = await bench.run(`
    import ipyblocks as gr

    with gr.Blocks() as demo:
        inp = gr.Textbox("a", label="In")
        out = gr.Textbox(label="Out")
        gr.Button("Go").click(lambda text: text + "!", inp, out, js="text => text + location.protocol")
        gr.Button("Page").click(None, inp, out, js="text => text.repeat(3)")
        gr.Button("Bad").click(None, inp, out, js="text => nothing.of.it")
    demo.launch()
  `);
  await app.getByRole('button', { name: 'Go' }).click();
  await shows(app.getByLabel('Out'), 'ahttp:!');
  await app.getByRole('button', { name: 'Page' }).click();
  await shows(app.getByLabel('Out'), 'aaa');
  await app.getByRole('button', { name: 'Bad' }).click();
  await app.locator('.ib-Toast').getByText('nothing is not defined').waitFor();
});

test('a client calls the app from the next cell, while it is on screen', async () => {
  await bench.run(
    `
    import ipyblocks as gr

    def count(to):
        for i in range(int(to)):
            yield f"{i + 1} of {int(to)}"

    with gr.Blocks() as demo:
        to = gr.Number(3, label="To")
        out = gr.Textbox(label="Out")
        gr.Button("Count").click(count, to, out, api_name="count")
    demo.launch()
  `,
    `
    client = gr.Client(demo)
    job = client.submit(4, api_name="/count")
    print([output for output in job], job.status().code.name)

    async def later():
        return [output async for output in client.submit(2, api_name="/count")]

    print(await later())
    client.close()
  `
  );
  const printed = await bench.notebook.outputs(1);
  expect(JSON.stringify(printed)).toContain("['1 of 4', '2 of 4', '3 of 4', '4 of 4'] FINISHED");
  expect(JSON.stringify(printed)).toContain("['1 of 2', '2 of 2']");
  const app = bench.apps().first();
  await app.getByRole('button', { name: 'Count' }).click();
  await shows(app.getByLabel('Out'), '3 of 3');
});

test('the stop button stops the cell that runs, and no handler', async () => {
  const app = await bench.run(`
    import threading, time
    import ipyblocks as gr

    gate = threading.Event()
    entered = threading.Event()

    def wait():
        entered.set()
        gate.wait()
        return "went on"

    with gr.Blocks() as demo:
        out = gr.Textbox(label="Out")
        gr.Button("Wait").click(wait, None, out)
    demo.launch()
  `);
  await app.getByRole('button', { name: 'Wait' }).click();
  await bench.untilPython('entered.is_set()');
  await bench.notebook.interruptKernel();
  await bench.python('gate.set()');
  await shows(app.getByLabel('Out'), 'went on');
});

test('debug=True: what handlers print is also in the cell that showed the app', async () => {
  const app = await bench.run(`
    import ipyblocks as gr

    def speak():
        print("heard in the cell")
        return "spoken"

    with gr.Blocks() as demo:
        out = gr.Textbox(label="Out")
        gr.Button("Speak").click(speak, None, out)
    demo.launch(debug=True, prevent_thread_lock=True)
  `);
  await app.getByRole('button', { name: 'Speak' }).click();
  await shows(app.getByLabel('Out'), 'spoken');
  await expect
    .poll(() => bench.notebook.outputArea(0).locator('.jp-RenderedText').allTextContents())
    .toContainEqual('heard in the cell\n');
});
