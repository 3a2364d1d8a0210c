import { truncateSync, writeFileSync, existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { startProxy } from '../../tools/proxy.mjs';
import { dedent, fields, shows, useBench } from './bench';
import { openNotebook } from '../../tools/browser.mjs';

let proxy: Awaited<ReturnType<typeof startProxy>>;
beforeAll(async () => { proxy = await startProxy(inject('lab').url); });
const bench = useBench('python3', () => proxy.url);
afterAll(() => proxy.stop());

const APP = `
import time, threading
import ipyblocks as gr
from ipyblocks import files
class File(gr.Image):
    "Any file; functions get its value without reading it."
    kind = "image"
    def check_upload(self, file): pass
    def check_value(self, payload): return payload
    def preprocess(self, payload):
        return None if payload is None else str(files.current().keep_file(payload))
gate = threading.Event()
ran = []
def work(progress=gr.Progress()):
    try:
        for i in progress.tqdm(range(1000)):
            if gate.wait(0.02): break
        ran.append("end")
        return "worked"
    except BaseException as e:
        ran.append(repr(e)); raise
def tell():
    told = ""
    for i in range(150):
        told += f"{i} "
        yield told
        time.sleep(0.02)
with gr.Blocks() as demo:
    inp = gr.Textbox(label="In")
    out = gr.Textbox(label="Out")
    gr.Button("Go").click(lambda x: f"<{x}>", inp, out)
    res = gr.Textbox(label="Res")
    gr.Button("Work").click(work, None, res)
    told = gr.Textbox(label="Told")
    gr.Button("Tell").click(tell, None, told)
    up = File(elem_id="up", interactive=True)
    gr.Button("Look").click(lambda x: f"looked {x}", up, res)
demo.launch(max_file_size="300mb")
`;
const press = (app: Locator, name: string) => app.getByRole('button', { name, exact: true }).click();
async function echo(app: Locator, text: string): Promise<void> {
  await app.getByLabel('In').fill(text);
  await press(app, 'Go');
  await shows(app.getByLabel('Out'), `<${text}>`);
}
const status = (app: Locator) => app.getAttribute('data-status');
const banner = (app: Locator) => app.locator('.ib-Banners').textContent();
let n = 0;
function busyCell(what = 'time.sleep(0.02)') {
  n += 1;
  const go = path.join(inject('lab').root, `zzgo${n}`);
  return { go: () => writeFileSync(go, ''), src: dedent(`
    import os, time, asyncio
    while not os.path.exists(${JSON.stringify(go)}):
        ${what}`) };
}

test('T1 reload mid upload', async () => {
  const app = await bench.run(APP);
  await bench.notebook.save();
  const file = path.join(inject('lab').root, 'big.blocks');
  writeFileSync(file, 'begins'); truncateSync(file, 200 << 20);
  await app.locator('#up input[type=file]').setInputFiles(file);
  await press(app, 'Look');
  await expect.poll(() => app.locator('#up progress').evaluate(b => (b as HTMLProgressElement).value)).toBeGreaterThan(0.05);
  bench.page.on('dialog', d => void d.accept());
  await bench.notebook.open();
  await expect.poll(() => status(app)).toBe('live');
  await bench.picture('zz reload mid upload');
  console.log('open', await bench.python(`print(__import__("ipyblocks").display.shown()[0].session.bulk.uploads.open, len(__import__("ipyblocks").display.shown()[0].session.tasks))`));
  await press(app, 'Look');
  await bench.page.waitForTimeout(3000);
  await bench.picture('zz reload mid upload 2');
  console.log('RES', JSON.stringify(await fields(app)), 'tasks', await bench.python(`print(len(__import__("ipyblocks").display.shown()[0].session.tasks))`));
});

test('T2 cut while streams and hidden', async () => {
  bench.leaves.errors = [/WebSocket connection to/, /ERR_CONNECTION/, /^$/];
  const app = await bench.run(APP);
  const tab = await bench.page.context().newPage();
  await press(app, 'Tell');
  await tab.bringToFront();
  console.log('hidden?', await bench.page.evaluate(() => document.hidden));
  await bench.page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
    (window as any).raf = window.requestAnimationFrame;
    window.requestAnimationFrame = () => 0;
  });
  await press(app, 'Work').catch(() => console.log('no click'));
  proxy.cut();
  await bench.page.waitForTimeout(4000);
  await tab.close();
  await bench.page.evaluate(() => {
    delete (document as any).hidden; delete (document as any).visibilityState;
    window.requestAnimationFrame = (window as any).raf;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await expect.poll(() => app.getByLabel('Told').inputValue(), { timeout: 30000 }).toMatch(/149 $/);
  await bench.python('gate.set()');
  await shows(app.getByLabel('Res'), 'worked');
  await echo(app, 'still');
});

test('T3 two tabs, one reloads while busy', async () => {
  const busy = busyCell();
  await bench.open(APP, busy.src);
  await bench.notebook.runCell(0);
  const app = bench.apps().first();
  await echo(app, 'one');
  await bench.notebook.save();
  const tab = await bench.page.context().newPage();
  tab.on('dialog', d => void d.accept());
  await tab.goto(bench.notebook.lab.urlOf(bench.notebook.file));
  const other = tab.locator('.jp-OutputArea-output .ipyblocks').first();
  await expect.poll(() => status(other)).toBe('live');
  await bench.notebook.startCell(1);
  await press(other, 'Work');
  await app.getByText(/\/\s*1000/).first().waitFor();
  await tab.reload();
  await expect.poll(() => status(other)).toBe('live');
  await other.getByText(/\/\s*1000/).first().waitFor();
  await echo(other, 'two');
  await expect.poll(() => fields(app)).toContain('<two>');
  await echo(app, 'three');
  await expect.poll(() => fields(other)).toContain('<three>');
  await press(other, 'Cancel').catch(async () => other.getByRole('button', { name: /Cancel|Stop/ }).first().click());
  await expect.poll(() => app.getByText(/\/\s*1000/).count()).toBe(0);
  busy.go();
  await bench.notebook.whenIdle();
  await echo(app, 'four');
  await tab.close();
});

test('T13 two tabs, output cleared in one', async () => {
  const app = await bench.run(APP);
  await echo(app, 'one');
  await bench.notebook.save();
  const tab = await bench.page.context().newPage();
  tab.on('dialog', d => void d.accept());
  await tab.goto(bench.notebook.lab.urlOf(bench.notebook.file));
  const other = tab.locator('.jp-OutputArea-output .ipyblocks').first();
  await expect.poll(() => status(other)).toBe('live');
  await bench.page.bringToFront();
  await bench.page.clock.install();
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:clear-cell-output');
  await bench.page.clock.fastForward(60_000);
  await new Promise(r => setTimeout(r, 3000));
  console.log('T13 other:', await status(other), await banner(other));
  await tab.close();
});

test('T4 rerun cell while task runs and kernel busy', async () => {
  const busy = busyCell();
  await bench.open(APP, busy.src);
  await bench.notebook.runCell(0);
  const app = bench.apps().first();
  await press(app, 'Work');
  await app.getByText(/\/\s*1000/).first().waitFor();
  await bench.notebook.startCell(1);
  await bench.notebook.startCell(0);
  await bench.picture('zz rerun queued');
  console.log('T4 while queued', await bench.apps().count());
  if (await bench.apps().count()) { console.log(await status(app), await banner(app)); await echo(app, 'while queued'); }
  busy.go();
  await bench.notebook.whenIdle();
  await expect.poll(() => bench.apps().count()).toBe(1);
  await expect.poll(() => status(app)).toBe('live');
  expect((await fields(app))[0]).toBe('');
  await echo(app, 'new');
  console.log('T4 shown', await bench.python('print(len(__import__("ipyblocks").display.shown()), ran, [t.name for t in threading.enumerate()])'));
  await bench.python('gate.set()');
});

test('T5 restart with queue of events', async () => {
  const app = await bench.run(APP.replace('gr.Button("Work").click(work, None, res)', 'gr.Button("Work").click(work, None, res, concurrency_limit=1, trigger_mode="multiple")'));
  for (let i = 0; i < 6; i++) await press(app, 'Work');
  await app.getByText(/\/\s*1000/).first().waitFor();
  await bench.notebook.restartKernel();
  await app.getByRole('button', { name: /^Run this cell/ }).waitFor();
  await bench.picture('zz restart queue');
  console.log('T5', await app.innerText());
  await app.getByRole('button', { name: /^Run this cell/ }).click();
  await expect.poll(() => status(app)).toBe('live');
  await echo(app, 'alive');
  console.log('T5b', await app.innerText());
});

for (const [what, src] of [['sleep', 'time.sleep(0.02)'], ['await', 'await asyncio.sleep(0.02)']] as const)
  test(`T6 interrupt ${what}`, async () => {
    const busy = busyCell(src);
    await bench.open(APP, busy.src);
    await bench.notebook.runCell(0);
    const app = bench.apps().first();
    await press(app, 'Work');
    await app.getByText(/\/\s*1000/).first().waitFor();
    await bench.notebook.startCell(1);
    await press(app, 'Tell');
    await bench.notebook.interruptKernel();
    await bench.notebook.whenIdle();
    console.log('T6', what, await bench.notebook.errors());
    await expect.poll(() => app.getByLabel('Told').inputValue(), { timeout: 30000 }).toMatch(/149 $/);
    await bench.notebook.interruptKernel();  // idle
    await bench.notebook.whenIdle();
    await echo(app, 'after');
    await bench.python('gate.set()');
    await shows(app.getByLabel('Res'), 'worked');
    console.log('T6 ran', await bench.python('print(ran)'));
  });
