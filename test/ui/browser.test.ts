/** What an action does in a real browser: the clipboard, downloads, new tabs; and what browsers keep. */
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

import { shows, useBench } from './bench';

const bench = useBench();

const ACTIONS = `
import ipyblocks as gr
from ipyblocks.reactive import Variable, action, BrowserStore

@action
async def copy(ctx):
    await ctx.copy_to_clipboard("größe\\t1")

@action
async def download(ctx, size):
    text = Variable([["x" * 100] for _ in range(size)])
    await ctx.download_variable(text, "rows", "csv")

@action
async def visit(ctx):
    await ctx.navigate("/api")

with gr.Blocks() as demo:
    gr.Button("Copy", onclick=copy())
    gr.Button("Save", onclick=download(2))
    gr.Button("Save much", onclick=download(20_000))
    gr.Button("Visit", onclick=visit())
demo.launch()
`;

test('actions copy, save and open', async () => {
  const app = await bench.run(ACTIONS);
  const { page } = bench;
  const press = (name: string) => app.getByRole('button', { name, exact: true }).click();
  const toasts = app.getByRole('region', { name: 'Messages' });

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await press('Copy');
  await toasts.getByText('Copied to the clipboard.').waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('größe\t1');
  await bench.picture('copied');

  // the way without https
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
    return document.execCommand('copy');
  });
  // it goes by itself, perhaps before anybody has come to close it
  await toasts
    .getByRole('button', { name: 'Close' })
    .evaluateAll(buttons => buttons.forEach(each => (each as HTMLElement).click()));
  await expect.poll(() => toasts.getByText('Copied to the clipboard.').count()).toBe(0);
  await press('Copy');
  await toasts.getByText('Copied to the clipboard.').waitFor();
  await page.evaluate(() => Reflect.deleteProperty(navigator, 'clipboard'));

  for (const [name, rows] of [
    ['Save', 2],
    ['Save much', 20_000]
  ] as const) {
    const saving = page.waitForEvent('download');
    await press(name);
    const saved = await saving;
    expect(saved.suggestedFilename()).toBe('rows.csv');
    expect(await text(await saved.createReadStream())).toBe(`${'x'.repeat(100)}\r\n`.repeat(rows));
  }
  await expect.poll(() => toasts.getByText('Downloading').count()).toBe(0);

  const opening = page.context().waitForEvent('page');
  await press('Visit');
  const tab = await opening;
  await tab.waitForURL(/\/api$/);
  await tab.getByText('version').waitFor();
  expect(await tab.evaluate(() => window.opener as unknown)).toBeNull();
  await tab.close();

  // a browser that opens no tab by itself
  const own = await page.evaluateHandle(() => window.open);
  await page.evaluate(() => {
    window.open = () => null;
  });
  await press('Visit');
  const link = toasts.getByRole('link', { name: /^Open / });
  await link.waitFor();
  await bench.picture('blocked');
  const byHand = page.context().waitForEvent('page');
  await link.click();
  await (await byHand).close();
  await expect.poll(() => link.count()).toBe(0);
  await page.evaluate(open => {
    window.open = open;
  }, own);
});

const KEPT = `
import ipyblocks as gr
from ipyblocks.reactive import Variable, BrowserStore
name = Variable("default", store=BrowserStore("test-name"))
with gr.Blocks() as demo:
    gr.Textbox(name, label="Name")
demo.launch()
`;

test('a browser keeps a value for the next kernel', async () => {
  const app = await bench.run(KEPT);
  await shows(app.getByLabel('Name'), 'default');
  await app.getByLabel('Name').fill('Ada');
  await expect.poll(() => bench.python('print(name.value)')).toBe('Ada');
  const kept = () => bench.page.evaluate(() => localStorage.getItem('ipyblocks:test-name'));
  await expect.poll(kept).toBe('"Ada"');

  bench.leaves.kernelGone = true;
  await bench.notebook.restartKernel();
  await bench.notebook.runCell(0);
  await shows(bench.apps().last().getByLabel('Name'), 'Ada');
  await bench.untilPython('name.value == "Ada"');

  await bench.python('name.value = "set in a cell"');
  await expect.poll(kept).toBe('"set in a cell"');
  await bench.page.evaluate(() => localStorage.removeItem('ipyblocks:test-name'));
});
