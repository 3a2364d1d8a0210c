/** What a `gr.render` function has built stands while it fails, and its message stands with it. */
import { expect, test } from 'vitest';

import { useBench } from './bench';

const bench = useBench();

const APP = `
import ipyblocks as gr

broken = [True]

with gr.Blocks() as demo:
    n = gr.Number(6, label="Cards", precision=0)

    @gr.render(inputs=n)
    def cards(count):
        for i in range(12 // count):
            gr.Textbox(f"card {i}", label=f"Card {i}", key=i)

    with gr.Row():
        gr.Textbox("beside", label="Beside")

        @gr.render(inputs=n)
        def side(count):
            if broken[0]:
                raise ValueError(f"There is nothing for {count}.")
            gr.Textbox(f"for {count}", label="Side")
demo.launch()
`;

test('a rendering that fails says so in its place and goes on when it works', async () => {
  await bench.open(APP, 'broken[0] = False');
  await bench.notebook.runCell(0);
  const app = bench.apps().first();
  const alert = app.getByRole('alert');
  // of a part that has never been there
  await expect
    .poll(() => alert.locator('.ib-Failure-message').allTextContents())
    .toEqual(['ValueError: There is nothing for 6.']);
  await alert.scrollIntoViewIfNeeded();
  await bench.picture('render-failure-first');

  // what was there before stays below its message
  await app.getByLabel('Cards', { exact: true }).fill('0');
  await app.getByLabel('Cards', { exact: true }).blur();
  await expect
    .poll(() => alert.locator('.ib-Failure-message').allTextContents())
    .toEqual([
      'ZeroDivisionError: integer division or modulo by zero',
      'ValueError: There is nothing for 0.'
    ]);
  expect(await app.getByLabel('Card 1').inputValue()).toBe('card 1');
  await alert.last().scrollIntoViewIfNeeded();
  await bench.picture('render-failure');
  await bench.notebook.setDark(true);
  await bench.picture('render-failure-dark');
  await bench.notebook.setDark(false);

  await bench.notebook.runCell(1);
  await alert.nth(1).getByRole('button', { name: 'Try again' }).click();
  await app.getByLabel('Side', { exact: true }).waitFor();
  await expect.poll(() => alert.count()).toBe(1);
  await app.getByLabel('Cards', { exact: true }).fill('3');
  await app.getByLabel('Cards', { exact: true }).blur();
  await expect.poll(() => alert.count()).toBe(0);
  await expect.poll(() => app.getByLabel(/^Card \d/).count()).toBe(4);
});
