/** The pages that define the contract, with only the imports of Gradio's changed; and every notebook of examples/. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterEach, describe, expect, inject, test } from 'vitest';

import { openNotebook } from '../../tools/browser.mjs';
import { inRoot } from '../../tools/paths.mjs';
import { shows, useBench } from './bench';

const bench = useBench();

const WELCOME = `
import ipyblocks as gr
def update(name):
    return f"Welcome to Gradio, {name}!"

with gr.Blocks() as demo:
    gr.Markdown("Start typing below and then click **Run** to see the output.")
    with gr.Row():
        inp = gr.Textbox(placeholder="What is your name?")
        out = gr.Textbox()
    btn = gr.Button("Run")
    btn.click(fn=update, inputs=inp, outputs=out)

demo.launch()`;

const LIVE = `
import ipyblocks as gr
def welcome(name):
    return f"Welcome to Gradio, {name}!"
with gr.Blocks() as demo:
    gr.Markdown(
    """
    # Hello World!
    Start typing below to see the output.
    """)
    inp = gr.Textbox(placeholder="What is your name?")
    out = gr.Textbox()
    inp.change(welcome, inp, out)
if __name__ == "__main__":
    demo.launch()`;

const REVERSE = `
import ipyblocks as gr
def reverse(text):
    return text[::-1]
with gr.Blocks() as demo:
    button = gr.Button(value="Reverse")
    button.click(reverse, gr.Textbox(), gr.Textbox())
demo.launch()`;

/** my_app/tasks.py of the page about progress; the four others of it are run in cells. */
const TASKS = `
from dara.core.visual.progress_updater import ProgressUpdater, track_progress

# track_progress decorator injects the ProgressUpdater class instance into the task parameters
# so you must add this to the end of your argument list
@track_progress
def task_function(some_argument: int, updater: ProgressUpdater):
    result = 0
    for i in range(10):
        # Simply call \`send_update\` with the current progress and a message to show to the user
        updater.send_update((i / 10) * 100, f'Step {i}')

        # Run some expensive computation step...
        result = result + 1

    updater.send_update(100, 'Done')
    return result`;

const IN_COMPONENT = `
from dara.core import DerivedVariable, Variable

from my_app.tasks import task_function

var = Variable(5)
calculation = DerivedVariable(func=task_function, variables=[var], run_as_task=True)

# Specify that the placeholder component for the py_component should be ProgressTracker
@py_component(track_progress=True)
def show_computation_result(some_value):
    return Text(some_value)

# Show a simple page that let's you run the computation and show the result
config.add_page(
    'TrackComputation',
    content=Stack(
        Button("Compute", onclick=calculation.trigger()),
        show_computation_result(calculation)
    )
)

config.task_module = 'my_app.tasks'`;

const IN_TEXT = `
from dara.core import DerivedVariable, Variable

from my_app.tasks import task_function

var = Variable(5)
calculation = DerivedVariable(func=task_function, variables=[var], run_as_task=True)

# Show a simple page that let's you run the computation and show the result
config.add_page(
    'TrackComputation',
    content=Stack(
        Button("Compute", onclick=calculation.trigger()),
        Text(calculation, track_progress=True)
    )
)

config.task_module = 'my_app.tasks'`;

const FAKING = `
from dara.core.visual.progress_updater import ProgressUpdater, track_progress

@track_progress
def task_function(some_argument: int, updater: ProgressUpdater):
    result = 0
    for i in range(5):
        # Simply call \`send_update\` with the current progress and a message to show to the user
        updater.send_update((i / 10) * 100, f'Step {i}')

        # Run some expensive computation step...
        result = result + 1

    # Fake progress from current progress until 80%, estimating it will take 5 seconds
    # In the meantime, show provided message
    updater.fake_progress(
        progress_end=80,
        message='Running third party computation',
        estimated_time=5000
    )

    # Some third party computation
    result = third_party_library.compute(result)

    # This will stop the 'faking' progress, giving us back control over the progress bar
    updater.send_update(80, 'Third party computation finished')

    # Some further computation
    result = result + 2

    updater.send_update(100, 'Done')
    return result`;

const IMPERATIVE = `
from dara.core import action, ActionCtx, Variable
from dara.components import Button
from .tasks import task_function

# variable displaying the current status of the task
status = Variable('Not started')

@action
async def run_my_task(ctx: ActionCtx):
    # whenever a status update is sent from the task, update the status message
    async def on_progress(update: TaskProgressUpdate):
        await ctx.update(status, f'Progress: {update.progress}% - {update.message}')

    # Run the task with 5 as kwarg and update the status message with the result or error
    try:
        result = await ctx.run_task(task_function, kwargs={'some_argument': 5}, on_progress=on_progress)
        await ctx.update(status, f'Result: {result}')
    except Exception as e:
        await ctx.update(status, f'Error: {e}')

Button('Run Task', onclick=run_my_task())`;

/** The three with `demo.launch()` at their end, and with `demo` instead. */
describe.each([
  ['demo.launch()', (source: string) => source],
  [
    'demo',
    (source: string) =>
      source.replace(/ *demo\.launch\(\)$/, '').replace(/if __name.*\n/, '') + '\ndemo'
  ]
])('ended by %s', (_end, ended) => {
  test('type, press Run, read the welcome', async () => {
    const app = await bench.run(ended(WELCOME));
    const [input, output] = [
      app.getByPlaceholder('What is your name?'),
      app.getByRole('textbox').nth(1)
    ];
    expect(await app.locator('strong').first().textContent()).toBe('Run');
    await input.fill('Ada');
    await app.getByRole('button', { name: 'Run', exact: true }).click();
    await shows(output, 'Welcome to Gradio, Ada!');
    expect(await output.isEditable()).toBe(false);
    // one output and nothing printed beside it
    expect(await bench.notebook.outputs(0)).toHaveLength(1);
    await input.fill('Grace');
    await app.getByRole('button', { name: 'Run', exact: true }).click();
    await shows(output, 'Welcome to Gradio, Grace!');
  });

  test('a welcome while typing', async () => {
    const app = await bench.run(ended(LIVE));
    expect(await app.getByRole('heading', { name: 'Hello World!' }).isVisible()).toBe(true);
    await app.getByPlaceholder('What is your name?').pressSequentially('Ada Lovelace');
    await shows(app.getByRole('textbox').nth(1), 'Welcome to Gradio, Ada Lovelace!');
  });

  test('components made in the call', async () => {
    const app = await bench.run(ended(REVERSE));
    const [input, output] = [app.getByRole('textbox').first(), app.getByRole('textbox').nth(1)];
    await input.fill('desserts');
    await app.getByRole('button', { name: 'Reverse' }).click();
    await shows(output, 'stressed');
  });
});

describe('progress tracking', () => {
  const dara = `
from ipyblocks.reactive import *
import ipyblocks
ipyblocks.compat.install()`;

  const says = (app: Locator, text: string): Promise<void> =>
    app.locator('.ib-Text').getByText(text, { exact: true }).waitFor();

  /** Tasks as they are on the page, in a package beside the notebook; what they compute is a line in a file. */
  function writeTasks(): { steps: () => number } {
    const folder = path.join(inject('lab').root, 'my_app');
    const file = path.join(folder, 'steps');
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, '');
    const step = `with open(${JSON.stringify(file)}, "a") as steps: print("step", file=steps)`;
    writeFileSync(path.join(folder, 'tasks.py'), TASKS.replace(/# Run some .*/, step));
    return { steps: () => readFileSync(file, 'utf8').split('\n').length - 1 };
  }

  afterEach(async () => {
    await bench.python(
      'import ipyblocks.reactive; ipyblocks.compat.uninstall(); ipyblocks.reactive.config.task_module = None'
    );
  });

  test.each([
    ['in a py_component', IN_COMPONENT],
    ['on the component itself', IN_TEXT]
  ])('%s', async (_, page) => {
    const { steps } = writeTasks();
    const app = await bench.run(dara, page);
    await says(app, '10');
    await bench.untilPython('not calculation.is_loading.value');
    expect(steps()).toBe(10);
    await app.getByRole('button', { name: 'Compute' }).click();
    await expect.poll(steps).toBe(20);
    await bench.untilPython('not calculation.is_loading.value');
    await says(app, '10');
  });

  test('faked, while somebody else computes', async () => {
    const app = await bench.run(
      dara,
      `
      import pathlib, tempfile, time
      ended = pathlib.Path(tempfile.mkdtemp(), "ended")
      class third_party_library:
          def compute(result):
              while not ended.exists():
                  time.sleep(0.01)
              return 8 * result`,
      FAKING,
      'Text(DerivedVariable(task_function, [Variable(5)], run_as_task=True), track_progress=True)'
    );
    const bar = app.locator('.ib-Text').getByRole('progressbar');
    await expect.poll(() => bar.getAttribute('class')).toContain('ib-is-estimated');
    // a busy machine may have taken longer than the page's five seconds
    await expect
      .poll(() => app.locator('.ib-Status-words').textContent())
      .toMatch(
        /^Running third party computation · (.* · about [4-7]\d %|Taking longer than estimated · .*)$/
      );
    await bench.python('ended.touch()');
    await says(app, '42');
  });

  test('of a task that an action runs', async () => {
    writeTasks();
    // the page's code is a module of the package, which a cell is not
    const app = await bench.run(dara, '__package__ = "my_app"', IMPERATIVE, 'Text(status)');
    const [page, shown] = [app, bench.apps().nth(1)];
    await says(shown, 'Not started');
    await page.getByRole('button', { name: 'Run Task' }).click();
    await says(shown, 'Result: 10');
  });
});

test('in Notebook 7', async () => {
  await bench.open();
  const { browser, notebook, page } = bench;
  const file = bench.write([WELCOME]);
  const classic = await openNotebook(browser, notebook.lab, file, { classic: true });
  expect(classic.page.url()).not.toContain('/lab/');
  expect(page.url()).toContain('/lab/');
  await classic.runAll();
  const app = classic.page.locator('.jp-OutputArea-output .ipyblocks');
  await app.getByPlaceholder('What is your name?').fill('Ada');
  await app.getByRole('button', { name: 'Run', exact: true }).click();
  await shows(app.getByRole('textbox').nth(1), 'Welcome to Gradio, Ada!');
  // the server sends at once, and Notebook 7 tells pages so, too
  expect(await app.getAttribute('data-tcp-no-delay')).toBe('on');
  // Notebook 7 has errors of its own at the start
  expect(classic.pageErrors.filter(text => /ipyblocks/i.test(text))).toEqual([]);
  await classic.close();
});

test.each(readdirSync(inRoot('examples')).filter(name => name.endsWith('.ipynb')))(
  'examples/%s runs without an error',
  async name => {
    const text = readFileSync(path.join(inRoot('examples'), name), 'utf8');
    const { cells } = JSON.parse(text) as {
      cells: { cell_type: string; source: string | string[] }[];
    };
    const code = cells
      .filter(cell => cell.cell_type === 'code')
      .map(cell => [cell.source].flat().join(''));
    await bench.run(...code);
    // every cell that ends in an app shows one
    const shown = code.filter(source =>
      /(demo|app)(\.launch\(.*\))?;?$/.test(source.trim())
    ).length;
    await expect.poll(() => bench.apps().count()).toBeGreaterThanOrEqual(Math.min(1, shown));
  }
);
