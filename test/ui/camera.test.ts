/** Pictures of a camera, from the browser to a function and back. */
import { expect, test } from 'vitest';

import { useBench } from './bench';

const bench = useBench();

const APP = (listener: string): string => `
import ipyblocks as gr
import threading

sizes, came, go = [], [], threading.Event()
def look(image):
    sizes.append(image.shape)
    go.wait()
    return len(sizes)

with gr.Blocks() as demo:
    camera = gr.Image(sources=["webcam"], streaming=True, label="Camera")
    count = gr.Number(label="Pictures")
    camera.change(lambda: came.append(1), queue=False, show_progress="hidden")
    camera.stream(look, camera, count, ${listener})
demo.launch()
`;

test('a stream is as quick as its function, until it is stopped', async () => {
  const app = await bench.run(APP('stream_every=0.05'));
  await app.getByRole('button', { name: 'Use the camera' }).click();
  await app.getByRole('button', { name: 'Start' }).click();
  await expect.poll(() => app.getByText('Streaming').count()).toBe(1);
  await bench.untilPython('len(sizes) == 1');
  const [height, width] = (await bench.python('print(*sizes[0])')).split(' ').map(Number);
  expect(height).toBeGreaterThan(100);
  expect(width).toBeGreaterThan(100);
  // While the function works, at most one picture waits for it.
  await bench.untilPython('len(came) > 5');
  expect(await bench.python('print(len(sizes))')).toBe('1');
  await bench.python('go.set()');
  const pictures = app.getByLabel('Pictures');
  await expect.poll(async () => Number(await pictures.inputValue())).toBeGreaterThan(5);
  await bench.picture('camera streaming');
  await app.getByRole('button', { name: 'Stop' }).click();
  const settled = async (): Promise<boolean> => {
    const before = await bench.python('print(len(sizes))');
    await bench.notebook.painted();
    return before === (await bench.python('print(len(sizes))'));
  };
  await expect.poll(settled).toBe(true);
  await app.getByRole('button', { name: 'Close' }).click();
  // The last picture is the value.
  await app.getByRole('img', { name: 'Camera' }).waitFor();
});

test('a time limit ends it and says so', async () => {
  const app = await bench.run(`${APP('stream_every=0.05, time_limit=3')}\ngo.set()`);
  await app.getByRole('button', { name: 'Use the camera' }).click();
  await app.getByRole('button', { name: 'Start' }).click();
  await app.getByText('Stopped after 3.0 s, its time limit.').waitFor();
  await bench.untilPython('len(sizes) > 0');
  await app.getByRole('button', { name: 'Start' }).waitFor();
});
