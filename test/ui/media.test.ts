/** Large files in a real notebook: up, down, cancelled, cut off and resumed, with clicks in between. */
import { createReadStream, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';

import { shows, useBench } from './bench';

const bench = useBench();

const MIB = 1 << 20;

/** Milliseconds for what moves hundreds of megabytes on a machine that does other things too. */
const PATIENCE = 400_000;

const APP = `
import hashlib, os
import ipyblocks as gr
from ipyblocks import files
from ipyblocks.protocol import Binary

class File(gr.Image):
    "Any file; functions get its value without reading it."
    kind = "image"
    def check_upload(self, file): pass
    def check_value(self, payload): return payload
    def preprocess(self, payload):
        return None if payload is None else str(files.current().keep_file(payload))

def look(path):
    if path is None:
        return "none"
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()

clicks = 0
def count():
    global clicks
    clicks += 1
    return str(clicks)

with gr.Blocks() as demo:
    up = File(elem_id="up", interactive=True)
    digest, counted = gr.Textbox(label="Digest"), gr.Textbox(label="Counted")
    gr.Button("Look").click(look, up, digest)
    gr.Button("Count").click(count, None, counted)
demo.launch(max_file_size="300mb")
`;

const made: string[] = [];

afterEach(() => made.splice(0).forEach(file => rmSync(file)));

/** A sparse file; its name says nothing of its type, because the control takes images and what may be one. */
function fileOf(bytes: number): string {
  const file = path.join(tmpdir(), `ipyblocks-test-${process.pid}-${made.length}.blocks`);
  made.push(file);
  writeFileSync(file, 'begins');
  truncateSync(file, bytes);
  return file;
}

function digestOf(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    createReadStream(file)
      .on('data', piece => hash.update(piece))
      .on('end', () => resolve(hash.digest('hex')))
      .on('error', reject);
  });
}

const choose = (app: Locator, file: string): Promise<void> =>
  app.locator('#up input[type=file]').setInputFiles(file);

const press = (app: Locator, name: string): Promise<void> =>
  app.getByRole('button', { name, exact: true }).click();

/** The share that the bar of the upload shows. */
const share = (app: Locator): Promise<number> =>
  app.locator('#up progress').evaluate(bar => (bar as HTMLProgressElement).value);

/** Bytes of files on their way, or not used yet, as the kernel has them. */
const OPEN = `__import__("ipyblocks").display.shown()[0].session.bulk.uploads.open`;

/** Python: of a file, the kernel takes no more than this. Else it may be whole before anybody looks. */
const HOLD = `
from ipyblocks.runtime.bulk import Bulk
_held, _piece = [], Bulk._piece
def _hold(self, page, message):
    if message.offset < 40 << 20:
        _piece(self, page, message)
    else:
        _held.append((page, message))
Bulk._piece = _hold
`;

/** Python: from now on it takes what comes, and what has come. */
const GO_ON = `
def _go_on():
    Bulk._piece = _piece
    for page, message in _held:
        _bulk._piece(page, message)
_bulk = __import__("ipyblocks").display.shown()[0].session.bulk
_bulk._session.engine.thread.call(_go_on)
`;

test.each([11, 200])(
  '%d MB go up; a click before their end runs with them',
  async size => {
    const app = await bench.run(APP);
    const file = fileOf(size * MIB);
    await choose(app, file);
    await press(app, 'Look');
    await press(app, 'Count');
    await shows(app.getByLabel('Counted'), '1');
    const digest = await digestOf(file);
    await expect
      .poll(() => app.getByLabel('Digest').inputValue(), { timeout: PATIENCE })
      .toBe(digest);
    expect(await app.locator('#up progress').count()).toBe(0);
    await bench.untilPython(`${OPEN} == 0`);
  },
  2 * PATIENCE
);

test(
  'cancelled in the middle, nothing is left and what waited for it does not run',
  async () => {
    const app = await bench.run(APP);
    await bench.python(HOLD);
    await choose(app, fileOf(200 * MIB));
    await press(app, 'Look');
    const words = app.locator('.ib-Frame', { has: bench.page.getByLabel('Digest') });
    await expect.poll(() => share(app)).toBeGreaterThan(0);
    await expect.poll(() => words.textContent()).toContain('Waiting for a file');
    await bench.picture('media upload');
    await app.locator('#up').getByRole('button', { name: 'Cancel' }).click();
    await app.getByRole('button', { name: 'Choose a file' }).waitFor();
    await bench.untilPython(`${OPEN} == 0`);
    await expect.poll(() => words.textContent()).not.toContain('Waiting for a file');
    expect(await app.getByLabel('Digest').inputValue()).toBe('');
    await bench.python(GO_ON);
    await press(app, 'Look');
    await shows(app.getByLabel('Digest'), 'none');
  },
  2 * PATIENCE
);

test(
  'cut off in the middle, it goes on where the kernel is',
  async () => {
    const app = await bench.run(APP);
    const file = fileOf(200 * MIB);
    await bench.python(
      `
      import zlib
      from ipyblocks.runtime.uploads import Uploads
      _taken, _take = [], Uploads._take
      def _noted(self, file, message):
          had = file.have
          result = _take(self, file, message)
          _taken.append((message.chunk.size, file.have - had))
          return result
      Uploads._take = _noted
    `.replace(/^ {6}/gm, '')
    );
    await bench.python(HOLD);
    await choose(app, file);
    await press(app, 'Look');
    await expect.poll(() => share(app)).toBeGreaterThan(0.1);
    await bench.notebook.reconnect();
    await bench.python(GO_ON);
    const digest = await digestOf(file);
    await expect
      .poll(() => app.getByLabel('Digest').inputValue(), { timeout: PATIENCE })
      .toBe(digest);
    const [came, counted] = (
      await bench.python('print(sum(a for a, _ in _taken), sum(b for _, b in _taken))')
    )
      .split(' ')
      .map(Number);
    expect(counted).toBe(200 * MIB);
    expect(came).toBeLessThanOrEqual(210 * MIB);
    await bench.python('Uploads._take = _take');
  },
  2 * PATIENCE
);

test(
  'the page loaded anew in the middle: the file is taken back, and nothing waits for it',
  async () => {
    const app = await bench.run(APP);
    await bench.notebook.save();
    // only the new page can say it: the kernel has patience, and the last word of the old one is lost
    await bench.python('from ipyblocks.runtime import bulk; bulk.AWAY_LIMIT = 1e6');
    await bench.python(HOLD);
    await bench.page.evaluate(() => {
      const lose = (): void => void (WebSocket.prototype.send = () => undefined);
      window.addEventListener('pagehide', lose, { capture: true });
    });
    await choose(app, fileOf(200 * MIB));
    await press(app, 'Look');
    await expect.poll(() => share(app)).toBeGreaterThan(0);
    await bench.notebook.open();
    await expect.poll(() => app.getAttribute('data-status')).toBe('live');
    await bench.untilPython(`${OPEN} == 0`);
    await bench.python(`${GO_ON}\nbulk.AWAY_LIMIT = 60.0`);
    await press(app, 'Look');
    await shows(app.getByLabel('Digest'), 'none');
  },
  2 * PATIENCE
);

test(
  'a file that is too large is refused at once, and its place says why',
  async () => {
    const app = await bench.run(APP);
    await choose(app, fileOf(301 * MIB));
    const alert = app.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toContain('bytes; at most 314,572,800 are allowed');
    await bench.untilPython(`${OPEN} == 0`);
  },
  2 * PATIENCE
);

test(
  '100 MB come down with clicks in between, survive a reload, and only their reference is in messages',
  async () => {
    await bench.run(`${APP}
import struct
# a header of a picture, and nothing that can be drawn in it
size = 100 << 20
head = b"BM" + struct.pack("<IHHIIiiHHIIiiII", size, 0, 0, 54, 40, 5910, 5910, 1, 24, 0, 0, 0, 0, 0, 0)
large = Binary(data=head + bytes(size - len(head)), mime_type="image/bmp", name="large.bmp")
with gr.Blocks() as second:
    shown, counted = gr.Image(elem_id="down", interactive=False), gr.Textbox(label="Counted below")
    gr.Button("Get").click(lambda: large, None, shown)
    gr.Button("Count below").click(count, None, counted)
second.launch()
`);
    const below = bench.apps().nth(1);
    await press(below, 'Get');
    await press(below, 'Count below');
    await shows(below.getByLabel('Counted below'), '1');
    const size = (): Promise<number> =>
      below.locator('#down a[download]').evaluate(async link => {
        const blob = await (await fetch((link as HTMLAnchorElement).href)).blob();
        return blob.size;
      });
    await expect.poll(size, { timeout: PATIENCE }).toBe(100 * MIB);
    await bench.notebook.save();
    await bench.notebook.reload();
    await below.locator('#down a[download]').waitFor({ timeout: PATIENCE });
    await expect.poll(size, { timeout: PATIENCE }).toBe(100 * MIB);
  },
  2 * PATIENCE
);
