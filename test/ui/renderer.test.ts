/** The output of a cell: what a notebook holds of an app, the living app, and the way from one to the other. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, WebSocket } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';

import { Notebook } from '../../tools/browser.mjs';
import { dedent, fields, shows, useBench } from './bench';

const bench = useBench();

const MIME = 'application/vnd.ipyblocks.v1+json';

const ECHO = `
import ipyblocks as gr
with gr.Blocks() as demo:
    inp = gr.Textbox(label="In")
    out = gr.Textbox(label="Out")
    gr.Button("Go").click(lambda x: f"<{x}>", inp, out)
`;

const SHOWN = 'len(__import__("ipyblocks").display.shown())';
const PAGES = '__import__("ipyblocks").display.shown()[0].session.statistics().pages';

/** Type into an app, press Go and wait for the answer. */
async function echo(app: Locator, text: string): Promise<void> {
  await app.getByLabel('In').fill(text);
  await app.getByRole('button', { name: 'Go' }).click();
  await shows(app.getByLabel('Out'), `<${text}>`);
}

const status = (app: Locator): Promise<string | null> => app.getAttribute('data-status');
const runButton = (app: Locator): Locator => app.getByRole('button', { name: /^Run this cell/ });

/** A cell that runs until a file is there. */
function waitFor(file: string): string {
  return dedent(`
    import os, time
    while not os.path.exists(${JSON.stringify(file)}):
        time.sleep(0.02)`);
}

interface Saved {
  cells: { outputs: { data: Record<string, unknown> }[]; source: string | string[] }[];
}

function savedFile(): Saved {
  const file = path.join(inject('lab').root, bench.notebook.file);
  return JSON.parse(readFileSync(file, 'utf8')) as Saved;
}

function savedApp(): string {
  return JSON.stringify(savedFile().cells[0]?.outputs[0]?.data[MIME]);
}

// --- reload ----------------------------------------------------------------------------------------

test('reloaded while the kernel is idle: the same values, at work, and the notebook is not changed', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'before');
  await app.getByLabel('In').fill('typed, not sent by a button');
  await bench.notebook.save();
  await bench.notebook.open();
  await expect.poll(() => status(app)).toBe('live');
  expect(await fields(app)).toEqual(['typed, not sent by a button', '<before>']);
  expect(await bench.notebook.isDirty()).toBe(false);
  await echo(app, 'after');
});

test('reloaded while a cell runs: the app is at work before the cell is done', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'before');
  const go = path.join(inject('lab').root, 'go');
  await bench.notebook.addCell(waitFor(go));
  await bench.notebook.save();
  await bench.notebook.startCell(1);
  await bench.page.goto(bench.notebook.lab.urlOf(bench.notebook.file));
  await app.waitFor();
  await expect.poll(() => status(app)).toBe('live');
  await echo(app, 'while the cell runs');
  expect(await bench.page.getByText('Loading widget').count()).toBe(0);
  writeFileSync(go, '');
  await bench.notebook.whenIdle();
});

test('reloaded: connected before JupyterLab has connected the notebook, and then once', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'before');
  await bench.notebook.save();
  const open = new Set<WebSocket>();
  let most = 0;
  const watch = (socket: WebSocket): void => {
    if (socket.url().includes('/api/kernels/')) {
      open.add(socket);
      most = Math.max(most, open.size);
      socket.on('close', () => open.delete(socket));
    }
  };
  bench.page.on('websocket', watch);
  await bench.notebook.open();
  await expect.poll(() => status(app)).toBe('live');
  await expect.poll(() => open.size).toBe(1);
  bench.page.off('websocket', watch);
  expect(most).toBe(2);
  await echo(app, 'after');
  expect(await bench.python(`print(${PAGES})`)).toBe('2'); // the one before, and this one
});

/** Comms that are opened from now on are not, neither for the kernel nor for its pages, before `release()`. */
const HOLD = `
from comm import get_comm_manager
from ipykernel.comm.comm import BaseComm
held, publish = [], BaseComm.publish_msg
def hold(self, kind, *args, **kwargs):
    if kind == "comm_open":
        get_comm_manager().unregister_comm(self)
        held.append((self, args, kwargs))
    else:
        publish(self, kind, *args, **kwargs)
def release():
    BaseComm.publish_msg = publish
    for comm, args, kwargs in held:
        get_comm_manager().register_comm(comm)
        publish(comm, "comm_open", *args, **kwargs)
BaseComm.publish_msg = hold
`;

test('an output that comes before its comm is drawn at once, and at work when the comm is there', async () => {
  const app = await bench.run(HOLD, `${ECHO}\ndemo.launch()`);
  await app.getByLabel('In').waitFor();
  // asked, the kernel has said that it does not know the comm
  await runButton(app).waitFor();
  expect(await status(app)).not.toBe('live');
  await bench.python('release()');
  await expect.poll(() => status(app)).toBe('live');
  await expect.poll(() => runButton(app).count()).toBe(0);
  await echo(app, 'after all');
});

// --- saved -----------------------------------------------------------------------------------------

test('a picture that is too large is kept smaller', async () => {
  const app = await bench.run(`
import numpy, ipyblocks as gr
def noise():
    picture = numpy.random.default_rng(0).integers(0, 256, (900, 1200, 3), "uint8")
    picture[:, :, 1] = numpy.arange(1200) * 255 // 1200
    return picture
with gr.Blocks() as demo:
    picture = gr.Image(label="Noise", interactive=False)
    gr.Button("Make").click(noise, None, picture)
demo.launch()`);
  await app.getByRole('button', { name: 'Make' }).click();
  const width = (): Promise<number> =>
    app
      .locator('.ib-tree img')
      .evaluate(image => (image as HTMLImageElement).naturalWidth)
      .catch(() => 0);
  await expect.poll(width).toBe(1200);
  const html = async (): Promise<string> =>
    String((await bench.notebook.outputs(0))[0]?.['data']?.['text/html' as never]);
  await expect.poll(html).toContain('<img src="data:image/webp;base64,');
  expect((await html()).length).toBeLessThan(400_000);
  await bench.notebook.save();
  await bench.notebook.closeFile();
  await bench.notebook.openNext(bench.notebook.file);
  await runButton(app).waitFor();
  await expect.poll(width).toBeGreaterThan(200);
  expect(await width()).toBeLessThan(1200);
  await bench.picture('renderer small picture');
});

test('opened with a fresh kernel: the last values, unchanged, and a button that runs the cell', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'kept');
  await bench.notebook.save();
  await bench.notebook.closeFile();
  await bench.notebook.openNext(bench.notebook.file);
  await runButton(app).waitFor();
  expect(await fields(app)).toEqual(['kept', '<kept>']);
  expect(await app.locator('.ib-Banner').textContent()).toContain('not running');
  expect(await app.locator('.ib-tree[inert]').count()).toBe(1);
  expect(await bench.notebook.isDirty()).toBe(false);
  await bench.picture('saved, fresh kernel');
  await runButton(app).click();
  await expect.poll(() => status(app)).toBe('live');
  await echo(app, 'again');
});

test('saved without passwords and uploads, and with what was changed last', async () => {
  const app = await bench.run(`
    import ipyblocks as gr
    with gr.Blocks() as demo:
        name = gr.Textbox(label="Name")
        secret = gr.Textbox(label="Secret", type="password")
        image = gr.Image(label="Photo")
        out = gr.Textbox(label="Out")
        image.change(lambda i: "got it", image, out)
    demo.launch()`);
  await app.getByLabel('Name').fill('a person');
  await app.getByLabel('Secret', { exact: true }).fill('hunter2');
  const png =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  await app
    .locator('input[type=file]')
    .setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(png, 'base64') });
  await shows(app.getByLabel('Out'), 'got it');
  await bench.notebook.save();
  const data = JSON.stringify(savedFile().cells[0]?.outputs[0]?.data);
  expect(data).toContain('a person');
  expect(data).toContain('got it');
  expect(data).not.toContain('hunter2');
  expect(data).not.toContain('iVBORw0KGgo');
  expect(savedApp()).toContain('a person');
});

test('a change is written by itself some time later, and makes the notebook one that has changed', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await bench.notebook.save();
  expect(await bench.notebook.isDirty()).toBe(false);
  await echo(app, 'by itself');
  await expect
    .poll(async () => JSON.stringify(await bench.notebook.outputs(0)))
    .toContain('<by itself>');
  expect(await bench.notebook.isDirty()).toBe(true);
  // writing does not draw it anew
  await app.getByLabel('In').fill('still the same field');
  await echo(app, 'and at work');
});

// --- trust -----------------------------------------------------------------------------------------

const EVIL = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`;

/** An app in which every text is an attack. */
function hostile(): object {
  const text = {
    value: EVIL,
    label: EVIL,
    info: EVIL,
    placeholder: EVIL,
    elemId: 'main',
    elemClasses: [EVIL]
  };
  const nodes = [
    { id: 0, kind: 'blocks', props: {}, children: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    {
      id: 1,
      kind: 'html',
      props: { value: `${EVIL}<img src="http://evil.invalid/a.png"><b>bold</b>` }
    },
    {
      id: 2,
      kind: 'markdown',
      props: {
        value: `${EVIL}\n\n![x](http://evil.invalid/b.png) [a](javascript:pwned=1)`,
        sanitizeHtml: false
      }
    },
    { id: 3, kind: 'textbox', props: text },
    {
      id: 4,
      kind: 'button',
      props: { value: EVIL, link: 'javascript:window.pwned=1', icon: 'http://evil.invalid/c.png' }
    },
    { id: 5, kind: 'constructor', props: {} },
    { id: 6, kind: 'radio', props: { choices: 5, label: { a: 1 } } },
    { id: 7, kind: 'slider', props: { minimum: 'x', maximum: {}, value: [], step: 0 } },
    { id: 8, kind: 'json', props: { value: { __proto__: 1, a: { b: [EVIL] } } } },
    { id: 9, kind: 'textbox', props: { value: 'still here', label: 'Last' } }
  ];
  const app = {
    title: EVIL,
    js: '() => { window.pwned = 1; }',
    head: '<script>window.pwned=1</script>',
    css: '@import "http://evil.invalid/d.css"; body { background: url(http://evil.invalid/e.png) }',
    tokens: { light: { '--x': 'red; } body { display: none } x {' }, dark: {} },
    height: null,
    width: null,
    fillHeight: false,
    showError: false,
    maxFileSize: null
  };
  const welcome = {
    type: 'welcome',
    seq: 1,
    page: null,
    protocol: 1,
    version: '1',
    epoch: 'e',
    control: true,
    app,
    nodes,
    tasks: [],
    log: []
  };
  return { epoch: 'e', acks: {}, last: 1, messages: [welcome] };
}

function outputOf(content: unknown): object {
  const own = {
    version: 1,
    commId: 'c',
    epoch: 'e',
    control: true,
    snapshot: { content, buffers: [] }
  };
  const data = { [MIME]: own, 'text/plain': 'Echo: an ipyblocks app.' };
  return { output_type: 'display_data', metadata: {}, data };
}

function cellWith(output: object): object {
  return {
    cell_type: 'code',
    id: 'evil',
    execution_count: 1,
    metadata: {},
    outputs: [output],
    source: '# from elsewhere'
  };
}

describe('a notebook that nobody vouches for', () => {
  test('shows the last values, read-only, and says why', async () => {
    const app = await bench.run(`${ECHO}\ndemo.launch()`);
    await echo(app, 'kept');
    await bench.notebook.save();
    const [cell] = savedFile().cells;
    await bench.notebook.closeFile();
    // a file that came from elsewhere carries no signature of this server
    const foreign = { ...cell, source: `${ECHO}\n# from elsewhere\ndemo.launch()` };
    await bench.notebook.openNext(bench.write([foreign]));
    await app.getByText('not trusted').waitFor();
    expect(await fields(app)).toEqual(['kept', '<kept>']);
    expect(await app.locator('.ib-tree[inert]').count()).toBe(1);
    await bench.picture('untrusted');
    // run, it is one's own
    await bench.notebook.runCell(0);
    await expect.poll(() => status(app)).toBe('live');
    await echo(app, 'mine now');
  });

  test('runs nothing and fetches nothing, whatever it holds', async () => {
    const wanted: string[] = [];
    await bench.open(cellWith(outputOf(hostile())) as never);
    bench.page.on('request', request => wanted.push(request.url()));
    const app = bench.apps().first();
    await app.getByText('not trusted').waitFor();
    await shows(app.getByLabel('Last'), 'still here');
    await app.getByText('bold').waitFor();
    await bench.picture('hostile');
    expect(await bench.page.evaluate(() => 'pwned' in window)).toBe(false);
    expect(wanted.filter(url => url.includes('evil'))).toEqual([]);
    const sources = await app.locator('[src], [srcset]').count();
    expect(sources).toBe(0);
    const display = await bench.page.evaluate(() => getComputedStyle(document.body).display);
    expect(display).toBe('block');
    bench.leaves.errors = [/./]; // components that were given nonsense say so
  });

  test.each([
    ['a cycle', (c: Frame) => (c.messages[0]!.nodes[0]!.children = [0])],
    ['a level that doubles', (c: Frame) => (c.messages[0]!.nodes[0]!.children = [1, 1])],
    ['no nodes', (c: Frame) => (c.messages[0]!.nodes = [])],
    ['another type', (c: Frame) => (c.messages[0]!.type = 'patch')],
    ['no object', (c: Frame) => (c.messages = 5 as never)]
  ])('says that it cannot be read: %s', async (_, spoil) => {
    const content = hostile() as Frame;
    spoil(content);
    await bench.open(cellWith(outputOf(content)) as never);
    await bench.page.getByText('cannot be read').waitFor();
    await bench.page.getByText('Echo: an ipyblocks app.').waitFor();
  });
});

interface Frame {
  messages: { type: string; nodes: { children: number[] }[] }[];
}

// --- kernels ---------------------------------------------------------------------------------------

test('a kernel that restarts: the last values, and a button that runs the cell again', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'kept');
  await bench.notebook.restartKernel();
  await runButton(app).waitFor();
  expect(await app.locator('.ib-Banner').textContent()).toContain('restarted');
  expect(await fields(app)).toEqual(['kept', '<kept>']);
  await runButton(app).click();
  await expect.poll(() => status(app)).toBe('live');
  await echo(app, 'alive');
});

test('a kernel that is restarted in another tab: said in this one, too', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'kept');
  await bench.notebook.save();
  const { file, lab, page } = bench.notebook;
  // JupyterLab's, whose list of comms is that of the former process
  bench.leaves.errors = [/^Comm not found/];
  const tab = await page.context().newPage();
  const other = new Notebook(tab, lab, file);
  try {
    await other.open();
    await tab.locator('.ipyblocks[data-status=live]').waitFor();
    await other.restartKernel();
    await page.bringToFront();
    await runButton(app).waitFor();
    expect(await fields(app)).toEqual(['kept', '<kept>']);
    await runButton(app).click();
    await expect.poll(() => status(app)).toBe('live');
    await echo(app, 'alive');
  } finally {
    await tab.close();
  }
});

test('a kernel that is shut down: said, and nothing is promised', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'kept');
  await bench.notebook.command('kernelmenu:shutdown');
  await runButton(app).waitFor();
  expect(await app.locator('.ib-Banner').textContent()).toContain('restarted or ended');
  bench.leaves.kernelGone = true;
});

test('a connection that breaks: nothing is lost', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'before');
  await bench.notebook.reconnect();
  await echo(app, 'after');
});

test('a kernel without a control channel is busy: the app says that a click waits', async () => {
  const go = path.join(inject('lab').root, 'go on');
  const app = await bench.run(
    `from ipyblocks import display as _d
had, _d.has_control = _d.has_control, lambda: False\n${ECHO}\ndemo.launch()`
  );
  await echo(app, 'before');
  await bench.notebook.addCell(waitFor(go));
  await bench.notebook.startCell(1);
  await app.getByLabel('In').fill('later');
  await app.getByRole('button', { name: 'Go' }).click();
  const banner = app.getByText('The kernel is busy; your click is waiting.');
  await banner.waitFor();
  await bench.picture('busy');
  writeFileSync(go, '');
  await shows(app.getByLabel('Out'), '<later>');
  await expect.poll(() => banner.count()).toBe(0);
  await bench.notebook.whenIdle();
  await bench.python('_d.has_control = had');
});

// --- views -----------------------------------------------------------------------------------------

test('two views of one output are one page', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:create-output-view');
  const other = bench.page.locator('.jp-LinkedOutputView .ipyblocks');
  await other.waitFor();
  await echo(other, 'in the other');
  await expect.poll(() => fields(app)).toEqual(['in the other', '<in the other>']);
  // seen at once, without the kernel
  await app.getByLabel('In').fill('typed');
  await shows(other.getByLabel('In'), 'typed');
  await bench.notebook.closeOutputView();
  expect(await bench.python(`print(${PAGES})`)).toBe('1');
  await echo(app, 'one left');
});

test('a cell that was copied has the same app; of two, the one that is asked runs', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'before');
  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:copy-cell');
  await bench.notebook.command('notebook:paste-cell-below');
  const copy = bench.apps().nth(1);
  await echo(copy, 'in the copy');
  await expect.poll(() => fields(app)).toEqual(['in the copy', '<in the copy>']);
  await bench.notebook.restartKernel();
  await runButton(copy).click();
  await expect.poll(() => status(copy)).toBe('live');
  await echo(copy, 'anew');
  await expect.poll(() => runButton(app).count()).toBe(1);
  expect(await bench.python(`print(${SHOWN})`)).toBe('1');
});

test('a notebook in two views, of which one is closed: what changes then is kept, too', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'before');
  await bench.notebook.command('docmanager:clone');
  await expect.poll(() => bench.apps().count()).toBe(2);
  await bench.notebook.closeFirstView();
  await expect.poll(() => bench.apps().count()).toBe(1);
  await echo(app, 'in the other view');
  expect(await bench.python(`print(${PAGES})`)).toBe('1');
  await bench.notebook.save();
  expect(savedApp()).toContain('<in the other view>');
  await bench.notebook.restartKernel();
  await runButton(app).click();
  await expect.poll(() => status(app)).toBe('live');
});

test('an output and a view in a box of ipywidgets are one page', async () => {
  await bench.run(`${ECHO}
import ipywidgets
shown = demo.widget()
display(shown)
ipywidgets.VBox([shown])`);
  const [first, second] = [bench.apps().nth(0), bench.apps().nth(1)];
  await second.waitFor();
  await echo(first, 'one');
  await expect.poll(() => fields(second)).toEqual(['one', '<one>']);
  expect(await bench.python(`print(${PAGES})`)).toBe('1');
});

test.each(['full', 'defer', 'contentVisibility', 'none'])(
  'scrolled out of sight and back (%s): as it was',
  async mode => {
    const tabs = `${ECHO}
with demo:
    with gr.Tabs():
        with gr.Tab("One"):
            gr.Markdown("the first")
        with gr.Tab("Two"):
            gr.Markdown("the second")
demo.launch()`;
    const rest = Array.from({ length: 60 }, (_, i) => `# ${i}\n${'#\n'.repeat(10)}`);
    const app = await bench.run(tabs, ...rest);
    await bench.notebook.setWindowing(mode);
    await bench.notebook.scrollTo(0);
    await app.waitFor();
    await echo(app, 'before');
    await app.getByRole('tab', { name: 'Two' }).click();
    await app.getByText('the second').waitFor();
    await bench.notebook.scrollTo(60);
    await bench.page.getByText('# 59').waitFor();
    await bench.notebook.scrollTo(0);
    await app.waitFor();
    await expect.poll(() => fields(app)).toEqual(['before', '<before>']);
    await app.getByText('the second').waitFor();
    await echo(app, 'after');
    expect(await bench.python(`print(${PAGES})`)).toBe('1');
  }
);

// --- the end ---------------------------------------------------------------------------------------

test('a notebook that is closed leaves its apps at work; an output that is cleared ends them', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'before');
  await bench.notebook.save();
  bench.leaves.pageSpoilt = true;
  await bench.page.clock.install();
  const kernel = await bench.notebook.closeFile({ keepKernel: true });
  await bench.page.clock.fastForward(60_000);
  await bench.notebook.openNext(bench.notebook.file, kernel);
  await expect.poll(() => status(app)).toBe('live');
  expect(await fields(app)).toEqual(['before', '<before>']);

  // taken back in time
  const cut = (id: string): Promise<void> => bench.notebook.command(`notebook:${id}`);
  await bench.notebook.activate(0);
  await cut('cut-cell');
  await bench.page.clock.fastForward(10_000);
  await cut('undo-cell-action');
  await expect.poll(() => status(app)).toBe('live');
  await bench.page.clock.fastForward(60_000);
  await echo(app, 'back');

  await bench.notebook.activate(0);
  await bench.notebook.command('notebook:clear-cell-output');
  await expect.poll(() => bench.apps().count()).toBe(0);
  await untilLater(`${SHOWN} == 0`);
});

/** Let time go by until a Python expression is true. What is to be waited for may not have begun yet. */
async function untilLater(expression: string): Promise<void> {
  const { page } = bench;
  await expect
    .poll(async () => {
      await page.clock.fastForward(60_000);
      return bench.python(`print(bool(${expression}))`);
    })
    .toBe('True');
}

test('an output that is cleared in one of two tabs is at work in the other', async () => {
  const app = await bench.run(`${ECHO}\ndemo.launch()`);
  await echo(app, 'before');
  await bench.notebook.save();
  const tab = await bench.page.context().newPage();
  try {
    await tab.goto(bench.notebook.lab.urlOf(bench.notebook.file));
    const other = tab.locator('.jp-OutputArea-output .ipyblocks').first();
    await expect.poll(() => status(other)).toBe('live');
    await bench.page.bringToFront();
    bench.leaves.pageSpoilt = true;
    // a tab that nobody looks at has little of a busy machine: it may take its time to say that it is there
    await bench.python('from ipyblocks.runtime import inbox; inbox.LEAVES_AFTER = 600.0');
    await bench.page.clock.install();
    await bench.notebook.activate(0);
    await bench.notebook.command('notebook:clear-cell-output');
    await expect.poll(() => bench.apps().count()).toBe(0);
    // the kernel has heard of it
    await untilLater(`${PAGES} == 1`);
    await tab.bringToFront();
    await echo(other, 'still here');
    expect(await bench.python(`print(${SHOWN})`)).toBe('1');
  } finally {
    await tab.close();
  }
});
