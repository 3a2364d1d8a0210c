import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { fields, shows, useBench, dedent } from './bench';
import { openNotebook } from '../../tools/browser.mjs';
const bench = useBench();
const APP = `
import ipyblocks as gr
with gr.Blocks(title="Echo") as demo:
    inp = gr.Textbox(label="In")
    out = gr.Textbox(label="Out")
    gr.Button("Go").click(lambda x: f"<{x}>", inp, out)
demo.launch()
`;
const press = (app: Locator, name: string) => app.getByRole('button', { name, exact: true }).click();
async function echo(app: Locator, text: string): Promise<void> {
  await app.getByLabel('In').fill(text);
  await press(app, 'Go');
  await shows(app.getByLabel('Out'), `<${text}>`);
}
const status = (app: Locator) => app.getAttribute('data-status');
const banner = (app: Locator) => app.locator('.ib-Banners').textContent();
const SHOWN = 'len(__import__("ipyblocks").display.shown())';

test('T8 copy/paste; run this cell of the copy only', async () => {
  const app = await bench.run(APP);
  await echo(app, 'one');
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:copy-cell');
  await bench.notebook.command('notebook:paste-cell-below');
  const copy = bench.apps().nth(1);
  await expect.poll(() => status(copy)).toBe('live');
  await echo(copy, 'two');
  await expect.poll(() => fields(app)).toEqual(['two', '<two>']);
  // delete original
  await bench.notebook.restartKernel();
  await copy.getByRole('button', { name: /^Run this cell/ }).click();
  await bench.notebook.whenIdle();
  await bench.page.waitForTimeout(1500);
  console.log('T8 after run in copy:', await status(app), await banner(app), '|', await status(copy), await banner(copy), await bench.python(`print(${SHOWN})`));
});

test('T8b copy: original rerun; then copy rerun', async () => {
  const app = await bench.run(APP);
  await echo(app, 'one');
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:copy-cell');
  await bench.notebook.command('notebook:paste-cell-below');
  const copy = bench.apps().nth(1);
  await expect.poll(() => status(copy)).toBe('live');
  await bench.notebook.runCell(0);
  await expect.poll(() => status(app)).toBe('live');
  console.log('T8b', await status(copy), await banner(copy));
  await copy.getByRole('button', { name: /^Run this cell/ }).click();
  await expect.poll(() => status(copy)).toBe('live');
  await echo(copy, 'x'); await echo(app, 'y');
  console.log('T8b', await bench.python(`print(${SHOWN})`));
});

test('T7 clear output then undo', async () => {
  const app = await bench.run(APP);
  await echo(app, 'one');
  await bench.page.clock.install();
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:clear-cell-output');
  await expect.poll(() => bench.apps().count()).toBe(0);
  await bench.notebook.command('notebook:undo-cell-action');
  await bench.page.clock.fastForward(1000);
  console.log('T7 apps after undo', await bench.apps().count(), (await bench.notebook.outputs(0)).length);
  await bench.page.clock.fastForward(60_000);
  await bench.untilPython(`${SHOWN} == 0`).catch(() => console.log('T7 still shown'));
  if (await bench.apps().count()) console.log(await status(app), await banner(app));
});

test('T7b clear all outputs while kernel runs task; delete cell, undo after grace', async () => {
  const app = await bench.run(APP);
  await echo(app, 'one');
  await bench.page.clock.install();
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:delete-cell');
  await bench.page.clock.fastForward(60_000);
  await bench.untilPython(`${SHOWN} == 0`);
  await bench.notebook.command('notebook:undo-cell-action');
  await app.waitFor();
  await bench.page.clock.fastForward(3000);
  console.log('T7b', await status(app), await banner(app), await fields(app));
});

test('T9 new view for output then delete the cell', async () => {
  const app = await bench.run(APP);
  await echo(app, 'one');
  await bench.page.clock.install();
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:create-output-view');
  const other = bench.page.locator('.jp-LinkedOutputView .ipyblocks');
  await other.waitFor();
  await bench.page.evaluate(() => { const s = (window as any).jupyterapp.shell; s.activateById([...s.widgets('main')].find((w: any) => w.node.matches('.jp-NotebookPanel')).id); });
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:delete-cell');
  await bench.page.clock.fastForward(60_000);
  console.log('T9 views', await other.count(), await bench.python(`print(${SHOWN})`));
  if (await other.count()) { console.log(await status(other), await banner(other), await other.isVisible()); }
  await bench.page.evaluate(() => { const s = (window as any).jupyterapp.shell; const v = [...s.widgets('main')].find((w: any) => w.node.querySelector('.jp-LinkedOutputView')); if (v) s.activateById(v.id); });
  if (await other.count()) { await echo(other, 'in view').catch(e => console.log('T9 echo failed')); await bench.notebook.closeOutputView(); }
  await bench.page.clock.fastForward(60_000);
  await bench.untilPython(`${SHOWN} == 0`).catch(() => console.log('T9 not ended'));
});

test('T9c new view, clear output of cell', async () => {
  const app = await bench.run(APP);
  await echo(app, 'one');
  await bench.page.clock.install();
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:create-output-view');
  const other = bench.page.locator('.jp-LinkedOutputView .ipyblocks');
  await other.waitFor();
  await bench.page.evaluate(() => { const s = (window as any).jupyterapp.shell; s.activateById([...s.widgets('main')].find((w: any) => w.node.matches('.jp-NotebookPanel')).id); });
  await bench.notebook.activate(0);
  await bench.notebook.runCell(0);
  await bench.page.clock.fastForward(2000);
  console.log('T9c after rerun', await other.count() && await status(other), await other.count() && await banner(other), await status(app));
  await bench.notebook.command('notebook:clear-cell-output');
  await bench.page.clock.fastForward(60_000);
  console.log('T9c', await other.count(), await bench.python(`print(${SHOWN})`));
  await bench.notebook.closeOutputView();
});

test('T9b split view (clone), close the original', async () => {
  const app = await bench.run(APP);
  await echo(app, 'one');
  await bench.page.clock.install();
  await bench.notebook.command('docmanager:clone');
  await bench.page.clock.fastForward(1000);
  await expect.poll(() => bench.page.locator('.jp-NotebookPanel').count()).toBe(2);
  const all = bench.page.locator('.jp-NotebookPanel .jp-OutputArea-output .ipyblocks');
  await expect.poll(() => all.count()).toBe(2);
  await echo(all.nth(1), 'two').catch(() => echo(all.nth(0), 'two'));
  console.log('T9b', await fields(all.nth(0)), await fields(all.nth(1)), 'pages', await bench.python('print(__import__("ipyblocks").display.shown()[0].session.statistics().pages)'));
  await bench.page.evaluate(() => { const s = (window as any).jupyterapp.shell; const p = [...s.widgets('main')].filter((w: any) => w.node.matches('.jp-NotebookPanel')); p[0].dispose(); s.activateById(p[1].id); });
  await bench.page.clock.fastForward(60_000);
  await expect.poll(() => all.count()).toBe(1);
  console.log('T9b', await status(all.first()), await bench.python(`print(${SHOWN})`));
  await echo(all.first(), 'three');
  await bench.page.clock.fastForward(5_000);
  await bench.notebook.save();
  expect(JSON.stringify(await bench.notebook.outputs(0))).toContain('<three>');
});

test('T10 move cell', async () => {
  await bench.open(APP, 'x = 1', 'y = 2');
  await bench.notebook.runAll();
  const app = bench.apps().first();
  await echo(app, 'one');
  await bench.page.clock.install();
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:move-cell-down');
  await bench.notebook.command('notebook:move-cell-down');
  await bench.page.clock.fastForward(60_000);
  await expect.poll(() => status(app)).toBe('live');
  await echo(app, 'two');
  expect(await bench.python(`print(${SHOWN}, __import__("ipyblocks").display.shown()[0].session.statistics().pages)`)).toBe('1 1');
  await bench.page.clock.fastForward(5_000);
  expect(JSON.stringify(await bench.notebook.outputs(2))).toContain('<two>');
});

test('T11 nbconvert', async () => {
  const app = await bench.run(APP);
  await echo(app, 'one');
  await bench.notebook.save();
  const root = inject('lab').root;
  execFileSync('.venv/bin/jupyter-nbconvert', ['--to', 'html', path.join(root, bench.notebook.file)], { stdio: 'pipe' });
  const html = readFileSync(path.join(root, bench.notebook.file.replace('.ipynb', '.html')), 'utf8');
  const at = html.indexOf('jp-OutputArea-output', html.indexOf('jp-Notebook'));
  console.log('T11', html.includes('widget-view'), html.slice(html.indexOf('<main')).slice(0, 9000).replace(/\s+/g, ' ').slice(-3500));
  const page = await bench.page.context().newPage();
  await page.goto('file://' + path.join(root, bench.notebook.file.replace('.ipynb', '.html')));
  await page.screenshot({ path: '.cache/pictures/zz nbconvert.png' });
  await page.close();
  execFileSync('.venv/bin/jupyter-nbconvert', ['--to', 'markdown', path.join(root, bench.notebook.file)], { stdio: 'pipe' });
  console.log(readFileSync(path.join(root, bench.notebook.file.replace('.ipynb', '.md')), 'utf8'));
});

test('T12 Notebook 7', async () => {
  await bench.run(APP);
  const file = bench.write([APP, 'import time\ntime.sleep(20)']);
  const nb = await openNotebook(bench.browser, bench.notebook.lab, file, { classic: true });
  await nb.runCell(0);
  const app = nb.page.locator('.jp-OutputArea-output .ipyblocks').first();
  await echo(app, 'one');
  console.log('T12 nodelay', await app.getAttribute('data-tcp-no-delay'), await bench.apps().first().getAttribute('data-tcp-no-delay'));
  await nb.startCell(1);
  await echo(app, 'busy');
  await nb.save();
  nb.page.on('dialog', d => void d.accept());
  await nb.page.goto(nb.lab.urlOf(file, true));
  await app.waitFor();
  await expect.poll(() => status(app), {timeout: 5000}).toBe('live');
  await echo(app, 'reloaded while busy');
  console.log('T12 busy?', await nb.page.evaluate(() => (window as any).jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status));
  await nb.page.screenshot({ path: '.cache/pictures/zz nb7.png' });
  await nb.interruptKernel(); await nb.whenIdle();
  await nb.page.clock.install();
  await nb.activate(0);
  await nb.command('notebook:cut-cell'); await nb.page.clock.fastForward(5000); await nb.command('notebook:undo-cell-action');
  await expect.poll(() => status(app)).toBe('live');
  await nb.restartKernel();
  await app.getByRole('button', { name: /^Run this cell/ }).click();
  await expect.poll(() => status(app)).toBe('live');
  await echo(app, 'again');
  console.log('T12 errors', nb.pageErrors);
  await nb.close();
});
