/** What has failed stays told until something begins there, also after a reload, and can be tried again. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, inject, test } from 'vitest';

import { fields, shows, useBench } from './bench';

const bench = useBench();

test('a failure is there after a reload, with its traceback, and is tried again', async () => {
  const app = await bench.run(
    `
    import ipyblocks as gr

    def divide(text):
        return str(12 / int(text)), "done"

    with gr.Blocks() as demo:
        inp = gr.Textbox("0", label="In")
        out = gr.Textbox(label="Out")
        note = gr.Textbox(label="Note")
        gr.Button("Divide").click(divide, inp, [out, note])
    demo.launch()
    `
  );
  await app.getByRole('button', { name: 'Divide' }).click();
  await app.getByRole('alert').waitFor();
  await bench.notebook.save();
  const saved = readFileSync(path.join(inject('lab').root, bench.notebook.file), 'utf8');
  expect(saved).not.toContain('ZeroDivisionError');
  await bench.notebook.open();

  const again = bench.apps().first();
  const failure = again.getByRole('alert');
  await failure.waitFor();
  expect(await failure.count()).toBe(1);
  expect(await failure.locator('.ib-Failure-message').textContent()).toBe(
    'ZeroDivisionError: division by zero'
  );
  await failure.getByText('Traceback', { exact: true }).click();
  expect(await failure.locator('pre').textContent()).toMatch(/in divide[\s\S]*12 \/ int\(text\)/);
  // the second output says no more than that there is something
  const mark = again.locator('.ib-Textbox', { hasText: 'Note' }).getByText('Failed');
  expect(await mark.getAttribute('title')).toBe('ZeroDivisionError: division by zero');
  await bench.picture('failure-after-reload');
  await bench.notebook.setDark(true);
  await bench.picture('failure-after-reload-dark');
  await bench.notebook.setDark(false);

  await again.getByLabel('In').fill('4');
  await failure.getByRole('button', { name: 'Try again' }).click();
  await shows(again.getByLabel('Out'), '3.0');
  await expect.poll(() => again.locator('.ib-Failure').count()).toBe(0);
  await expect.poll(() => fields(again)).toEqual(['4', '3.0', 'done']);
  // and what has worked is no failure for the next page either
  await bench.notebook.save();
  await bench.notebook.open();
  await expect.poll(() => fields(bench.apps().first())).toEqual(['4', '3.0', 'done']);
  expect(await bench.apps().first().locator('.ib-Failure').count()).toBe(0);
});
