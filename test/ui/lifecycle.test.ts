/** An app among cells: shown twice, run again, closed, restarted, reloaded, saved, not drawn. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, inject, test } from 'vitest';

import { fields, shows, useBench } from './bench';

const bench = useBench();

const ECHO = `
import ipyblocks as gr
with gr.Blocks() as demo:
    inp = gr.Textbox(label="In")
    out = gr.Textbox(label="Out")
    gr.Button("Go").click(lambda x: f"<{x}>", inp, out)
`;

/** Type into an app, press Go and wait for the answer. */
async function echo(app: Locator, text: string): Promise<void> {
  await app.getByLabel('In').fill(text);
  await app.getByRole('button', { name: 'Go' }).click();
  await shows(app.getByLabel('Out'), `<${text}>`);
}

const SHOWN = 'len(__import__("ipyblocks").display.shown())';
const THREADS = 'sum(t.name.startswith("ipyblocks") for t in __import__("threading").enumerate())';

const WIDGETS = 'len(__import__("ipywidgets.widgets.widget", fromlist=["x"])._instances)';

test('inside ipywidgets, beside other widgets', async () => {
  const app = await bench.run(`${ECHO}
import ipywidgets
other = ipywidgets.Button(description="Other")
ipywidgets.VBox([demo.widget(), other])`);
  await echo(app, 'boxed');
  const box = bench.page.locator('.jp-NotebookPanel .widget-vbox');
  await box.getByRole('button', { name: 'Other' }).waitFor();
  // it takes the box's width
  const [outer, inner] = [await box.boundingBox(), await app.boundingBox()];
  expect(inner!.width).toBeGreaterThan(outer!.width - 24);
});

test('shown twice: two sessions that know nothing of each other', async () => {
  await bench.run(`${ECHO}\ndemo.launch()`, 'demo');
  const [first, second] = [bench.apps().nth(0), bench.apps().nth(1)];
  await echo(first, 'one');
  await echo(second, 'two');
  expect(await fields(first)).toEqual(['one', '<one>']);
  expect(await fields(second)).toEqual(['two', '<two>']);
  expect(await bench.python(`print(${SHOWN})`)).toBe('2');
});

test('two apps in one notebook', async () => {
  await bench.run(`${ECHO}\ndemo`, `${ECHO.replace('f"<{x}>"', 'f"<{x}>" * 2')}\ndemo`);
  await echo(bench.apps().nth(0), 'a');
  const second = bench.apps().nth(1);
  await second.getByLabel('In').fill('b');
  await second.getByRole('button', { name: 'Go' }).click();
  await shows(second.getByLabel('Out'), '<b><b>');
  // closing one leaves the other at work
  await bench.python('demo.close()');
  await bench.untilPython(`${SHOWN} == 1`);
  await echo(bench.apps().first(), 'still here');
});

test('a cell run again and again closes what it showed before', async () => {
  await bench.run(`${ECHO}\ndemo.launch()`);
  const before = await bench.python(`print(${THREADS})`);
  const widgets = await bench.python(`print(${WIDGETS})`);
  for (let round = 0; round < 5; round += 1) {
    await bench.notebook.runCell(0);
    await expect.poll(() => bench.apps().count()).toBe(1);
    await echo(bench.apps().first(), `round ${round}`);
  }
  expect(await bench.python(`print(${SHOWN})`)).toBe('1');
  await bench.untilPython(`${THREADS} <= ${before} + 1`);
  // models of the closed ones are gone from the page as well
  await expect.poll(() => bench.page.locator('.ib-host').count()).toBe(1);
  await bench.untilPython(`${WIDGETS} == ${widgets}`);
  await bench.python('demo.close()');
  await bench.untilPython(`${THREADS} == 0`);
});

test('demo.close() and gr.close_all() end the sessions and their threads', async () => {
  await bench.run(`${ECHO}\ndemo`, `${ECHO}\ndemo`);
  await bench.python('demo.close()');
  await bench.untilPython(`${SHOWN} == 1`);
  await bench.python('gr.close_all()');
  await bench.untilPython(`${SHOWN} == 0 and ${THREADS} == 0`);
  // what is left on screen does not pretend to work
  await expect.poll(() => liveApps()).toBe(0);
  // and the app can be shown anew
  await bench.notebook.runCell(1);
  await echo(bench.apps().last(), 'again');
});

/** Apps on screen that take input. */
function liveApps(): Promise<number> {
  return bench.page.locator('.ipyblocks .ib-tree:not([inert])').count();
}

test('a kernel that restarts leaves a sentence and the last values', async () => {
  bench.leaves.kernelGone = true;
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'kept');
  await bench.notebook.restartKernel();
  await app.getByText('Run this cell again').waitFor();
  expect(await app.locator('.ib-Banner').textContent()).toContain('kernel');
  expect(await fields(app)).toEqual(['kept', '<kept>']);
  await expect.poll(() => liveApps()).toBe(0);
  await bench.picture('restarted');
  await bench.notebook.runCell(0);
  await expect.poll(() => liveApps()).toBe(1);
  await echo(bench.apps().last(), 'alive');
});

test('a reloaded page shows the same values, and the app works on', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'before');
  await app.getByLabel('In').fill('typed, not sent by a button');
  await bench.notebook.save();
  await bench.notebook.open();
  const again = bench.apps().first();
  await again.waitFor();
  await expect.poll(() => fields(again)).toEqual(['typed, not sent by a button', '<before>']);
  await echo(again, 'after');
  expect(await bench.python(`print(${SHOWN})`)).toBe('1');
});

test('a notebook that nobody trusts runs no code, shows the last values and says why', async () => {
  bench.leaves.kernelGone = true;
  await bench.run(`${ECHO}\ndemo.launch()`);
  await bench.notebook.save();
  const saved = readFileSync(path.join(inject('lab').root, bench.notebook.file), 'utf8');
  const { cells } = JSON.parse(saved) as {
    cells: { outputs: { data: Record<string, unknown> }[] }[];
  };
  const data = cells[0]?.outputs[0]?.data ?? {};
  expect(data).toHaveProperty('application/vnd.jupyter.widget-view+json');
  const text = [data['text/plain']].flat().join('');
  expect(text).toMatch(/trusted/);
  expect(text).toMatch(/this cell run/);
  expect(text).toMatch(/pip install ipyblocks/);
  await bench.notebook.closeFile();
  // a file that came from elsewhere carries no signature of this server
  const source = `${ECHO}\n# from elsewhere\ndemo.launch()`;
  const foreign = { ...(cells[0] as object), source };
  await bench.notebook.openNext(bench.write([foreign]));
  const output = bench.notebook.outputArea(0);
  await output.getByText('not trusted').waitFor();
  expect(await output.locator('.ib-tree[inert]').count()).toBe(1);
});
