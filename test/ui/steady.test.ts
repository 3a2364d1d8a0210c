/** What must not move under the pointer, nor be covered. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { useBench } from './bench';

const bench = useBench();

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

async function boxOf(element: Locator): Promise<Box> {
  const box = await element.boundingBox();
  expect(box).not.toBeNull();
  return box ?? { x: 0, y: 0, width: 0, height: 0 };
}

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

test('the track of a slider stays where it is, whatever its limits are', async () => {
  const app = await bench.run(`
    import ipyblocks as gr
    with gr.Blocks() as demo:
        first = gr.Slider(0, 9, value=4, label="First")
        gr.Slider(-0.125, 123456, value=7, label="Second")
        wide = gr.Button("Wider")
        wide.click(lambda: gr.Slider(minimum=-1000, maximum=1234567), None, first)
    demo.launch()`);
  const track = app.getByRole('slider', { name: 'First' });
  const before = await boxOf(track);
  const other = await boxOf(app.getByRole('slider', { name: 'Second' }));
  expect([other.x, other.width]).toEqual([before.x, before.width]);
  const end = await app
    .getByText('123456', { exact: true })
    .evaluate(node => getComputedStyle(node).textAlign);
  expect(end).toBe('end');
  for (const dark of [false, true]) {
    await bench.notebook.setDark(dark);
    await bench.picture(`slider ${dark ? 'dark' : 'light'}`);
  }
  await bench.notebook.setDark(false);
  await app.getByRole('button', { name: 'Wider' }).click();
  await app.getByText('1234567', { exact: true }).waitFor();
  await expect.poll(() => boxOf(track)).toEqual(before);
});

test('messages stand beside the app and cover no field, also in a narrow cell', async () => {
  const app = await bench.run(`
    import ipyblocks as gr
    with gr.Blocks() as demo:
        name = gr.Textbox(label="Name")
        press = gr.Button("Tell")
        press.click(lambda: [gr.Info("All is well.", duration=None), gr.Warning("But look.", duration=None)] and None)
    demo.launch()`);
  await app.getByRole('button', { name: 'Tell' }).click();
  const messages = app.getByRole('region', { name: 'Messages' });
  await messages.getByText('But look.').waitFor();
  for (const width of [1280, 560]) {
    await bench.page.setViewportSize({ width, height: 900 });
    await expect
      .poll(async () => overlap(await boxOf(messages), await boxOf(app.getByLabel('Name'))))
      .toBe(false);
    for (const dark of [false, true]) {
      await bench.notebook.setDark(dark);
      await bench.picture(`messages ${width} ${dark ? 'dark' : 'light'}`);
    }
  }
  await bench.notebook.setDark(false);
  await bench.page.setViewportSize({ width: 1280, height: 900 });
  await app.getByLabel('Name').fill('can be typed');
});
