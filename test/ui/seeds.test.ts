/** The pages that define the contract, with only their import changed; and every notebook of examples/. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

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
