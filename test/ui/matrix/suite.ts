/**
 * What must work with every kernel: idle, while a cell runs, after a reload and after a restart. Each kernel has a
 * file of its own, so that they can run side by side.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';

import { KERNELS } from '../../../tools/kernels.mjs';
import { startProxy } from '../../../tools/proxy.mjs';
import { shows, useBench, type Bench } from '../bench';

const APP = `
import hashlib, itertools, time
from pathlib import Path
import ipyblocks as gr
from ipyblocks import files

class File(gr.Image):
    "Any file; functions get its path."
    kind = "image"
    def check_upload(self, file): pass
    def check_value(self, payload): return payload
    def preprocess(self, payload):
        return None if payload is None else str(files.current().keep_file(payload))

def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

def burst():
    for i in range(20_000):
        yield f"value {i}"

clicks = itertools.count(1)

def tell():
    told = ""
    for i in range(200):
        told += f"{i} "
        yield told

def work(progress=gr.Progress()):
    try:
        while True:
            progress(0.5)
            time.sleep(0.01)
    finally:
        Path(stopped).touch()

with gr.Blocks() as demo:
    out = gr.Textbox(label="Out")
    gr.Button("Click").click(lambda: f"click {next(clicks)}", None, out)
    gr.Button("Tell").click(tell, None, out)
    gr.Button("Work").click(work, None, out)
    gr.Button("Burst").click(burst, None, out)
    source = gr.Slider(0, 100, 0, step=1, label="Source")
    echo = gr.Textbox(label="Echo")
    source.change(lambda value: f"moved to {value}", source, echo)
    file = File(elem_id="file", interactive=True)
    gr.Button("Digest").click(digest, file, out)
demo.launch()`;

/** What a cell does, again and again, until it may end. */
const BUSY = {
  sleeps: 'time.sleep(0.01)',
  computes: 'for _ in range(100_000): pass',
  awaits: 'await asyncio.sleep(0.01)'
};

/** A cell that runs until the test lets it end, or the test has ended. */
interface Busy {
  /** Run such a cell below the app; resolves when it has begun. */
  begin(what?: keyof typeof BUSY): Promise<void>;
  /** Let it end; resolves when it has. Until then, whatever happened happened while it ran. */
  end(): Promise<void>;
}

let files = 0;

/** A file that kernel and test both see, by a name that no other test uses. */
function newFile(): string {
  files += 1;
  return path.join(inject('lab').root, `matrix-${process.pid}-${files}`);
}

const exists = (file: string): Promise<void> => expect.poll(() => existsSync(file)).toBe(true);

function useBusy(bench: Bench): Busy {
  const begun = new Map<string, string>();
  const busy: Busy = {
    async begin(what = 'sleeps') {
      const [started, released, ended] = [newFile(), newFile(), newFile()];
      begun.set(released, ended);
      const name = JSON.stringify;
      await bench.notebook.setSource(
        1,
        `import asyncio, time
from pathlib import Path
Path(${name(started)}).touch()
while not Path(${name(released)}).exists():
    ${BUSY[what]}
Path(${name(ended)}).touch()`
      );
      await bench.notebook.startCell(1);
      await exists(started);
    },
    async end() {
      for (const [released, ended] of begun) {
        expect(existsSync(ended)).toBe(false);
        writeFileSync(released, '');
        await exists(ended);
      }
      begun.clear();
    }
  };
  // a test that failed must not keep the kernel from the questions that follow
  afterEach(() => {
    [...begun.keys()].forEach(released => writeFileSync(released, ''));
    begun.clear();
  });
  return busy;
}

/** For what moves many megabytes, on a machine that does other things too. */
const PATIENCE = 300_000;

/**
 * Define the tests of a kernel.
 *
 * @param kernel - Its name, as notebooks have it.
 */
export function testKernel(kernel: string): void {
  checkFiles();
  describe(kernel, () => defineTests(kernel));
}

/** Every kernel has its file, and no other. */
function checkFiles(): void {
  const found = readdirSync(import.meta.dirname).filter(name => name.endsWith('.test.ts'));
  expect(found.sort()).toEqual(KERNELS.map(name => `${name}.test.ts`).sort());
}

function defineTests(kernel: string): void {
  /** Between browser and server, so that the line can be cut. */
  let proxy: Awaited<ReturnType<typeof startProxy>>;

  beforeAll(async () => {
    proxy = await startProxy(inject('lab').url);
  });

  const bench = useBench(kernel, () => proxy.url);
  const busy = useBusy(bench);

  afterAll(() => proxy.stop());

  /** The app, above a cell that is not run yet. */
  const show = (): Promise<Locator> => bench.run(APP, '');

  const press = (app: Locator, name: string): Promise<void> =>
    app.getByRole('button', { name, exact: true }).click();

  async function click(app: Locator, count: number): Promise<void> {
    await press(app, 'Click');
    await shows(app.getByLabel('Out'), `click ${count}`);
  }

  async function move(app: Locator, to: number): Promise<void> {
    await app.locator('input[type=range]').fill(String(to));
    await shows(app.getByLabel('Echo'), `moved to ${to}`);
  }

  test('idle: clicks and moves', async () => {
    const app = await show();
    const version = await bench.python('import ipykernel; print(ipykernel.__version__)');
    expect(`ipykernel-${version}.`).toContain(`${kernel}.`);
    await click(app, 1);
    await click(app, 2);
    await move(app, 7);
  });

  test.each(Object.keys(BUSY) as (keyof typeof BUSY)[])('while a cell %s: clicks', async what => {
    const app = await show();
    await busy.begin(what);
    await click(app, 1);
    await click(app, 2);
    await busy.end();
    await click(app, 3);
  });

  test.each(['sleeps', 'awaits'] as const)('moves, while a cell %s and after it', async what => {
    const app = await show();
    await busy.begin(what);
    await move(app, 3);
    await move(app, 5);
    await busy.end();
    await move(app, 7);
  });

  test('while a cell runs: Cancel ends a run', async () => {
    const stopped = newFile();
    const app = await show();
    await bench.python(`stopped = ${JSON.stringify(stopped)}`);
    await busy.begin();
    await press(app, 'Work');
    const bar = app.getByRole('progressbar');
    await expect.poll(() => bar.first().getAttribute('aria-valuenow')).toBe('50');
    await app
      .getByRole('button', { name: /^Cancel/ })
      .first()
      .click();
    await exists(stopped);
    await expect.poll(() => bar.count()).toBe(0);
    await busy.end();
  });

  test('while a cell runs: a stream', async () => {
    const app = await show();
    await busy.begin();
    await press(app, 'Tell');
    await expect.poll(() => app.getByLabel('Out').inputValue()).toMatch(/^0 1 .* 199 $/);
    await busy.end();
  });

  test('a reload, idle: the values are there, and the app works on', async () => {
    const app = await show();
    await click(app, 1);
    await move(app, 7);
    await bench.notebook.save();
    await bench.notebook.open();
    const again = bench.apps().first();
    await again.waitFor();
    await shows(again.getByLabel('Out'), 'click 1');
    await shows(again.getByLabel('Echo'), 'moved to 7');
    await click(again, 2);
  });

  test('a reload while a cell runs: at work before the cell has ended', async () => {
    const app = await show();
    await click(app, 1);
    await bench.notebook.save();
    await busy.begin();
    await bench.page.goto(bench.notebook.lab.urlOf(bench.notebook.file));
    await app.waitFor();
    await shows(app.getByLabel('Out'), 'click 1');
    await click(app, 2);
    await busy.end();
    await bench.notebook.whenIdle();
  });

  test('what is done while the line is down is sent once when it is back', async () => {
    bench.leaves.errors = [/WebSocket connection to/, /ERR_CONNECTION/, /^$/];
    const app = await show();
    await click(app, 1);
    proxy.isDown = true;
    proxy.cut();
    await expect.poll(() => app.getAttribute('data-status')).toBe('lost');
    await press(app, 'Click');
    await app.locator('input[type=range]').fill('9');
    proxy.heal();
    // JupyterLab tries again after a second, then three, then seven.
    await expect
      .poll(() => app.getByLabel('Echo').inputValue(), { timeout: PATIENCE })
      .toBe('moved to 9');
    await click(app, 3);
  });

  test('two tabs are one session', async () => {
    const app = await show();
    await click(app, 1);
    await bench.notebook.save();
    const tab = await bench.page.context().newPage();
    try {
      await tab.goto(bench.notebook.lab.urlOf(bench.notebook.file));
      const other = tab.locator('.jp-OutputArea-output .ipyblocks').first();
      await expect.poll(() => other.getAttribute('data-status')).toBe('live');
      await shows(other.getByLabel('Out'), 'click 1');
      await press(other, 'Click');
      await shows(app.getByLabel('Out'), 'click 2');
      await move(app, 4);
      await expect.poll(() => other.locator('input[type=range]').inputValue()).toBe('4');
    } finally {
      await tab.close();
    }
    await click(app, 3);
  });

  test('20 000 values in a burst: the last one is there', async () => {
    const app = await show();
    await press(app, 'Burst');
    await expect
      .poll(() => app.getByLabel('Out').inputValue(), { timeout: PATIENCE })
      .toBe('value 19999');
    await click(app, 1);
  });

  test.each([11, 200])(
    'a file of %d MB goes up whole',
    async size => {
      const file = newFile();
      writeFileSync(file, 'begins');
      truncateSync(file, size << 20);
      const whole = createHash('sha256').update('begins');
      const zeros = Buffer.alloc(1 << 20);
      whole.update(zeros.subarray(6));
      for (let i = 1; i < size; i += 1) {
        whole.update(zeros);
      }
      const app = await show();
      await app.locator('#file input[type=file]').setInputFiles(file);
      await press(app, 'Digest');
      await expect
        .poll(() => app.getByLabel('Out').inputValue(), { timeout: PATIENCE })
        .toBe(whole.digest('hex'));
      truncateSync(file, 0);
    },
    2 * PATIENCE
  );

  test.each(['full', 'contentVisibility'])(
    'scrolled out of sight and back (%s): as it was',
    async mode => {
      const rest = Array.from({ length: 40 }, (_, i) => `# ${i}\n${'#\n'.repeat(10)}`);
      await bench.open(APP, ...rest);
      await bench.notebook.runCell(0);
      const app = bench.apps().first();
      await bench.notebook.setWindowing(mode);
      await bench.notebook.scrollTo(0);
      await click(app, 1);
      await bench.notebook.scrollTo(40);
      await bench.page.getByText('# 39').waitFor();
      await bench.notebook.scrollTo(0);
      await shows(app.getByLabel('Out'), 'click 1');
      await click(app, 2);
    }
  );

  test('a restart leaves a sentence and the last values', async () => {
    bench.leaves.kernelGone = true;
    const app = await show();
    await click(app, 1);
    await bench.notebook.restartKernel();
    await app.getByText('Run this cell again').waitFor();
    await shows(app.getByLabel('Out'), 'click 1');
  });
}
