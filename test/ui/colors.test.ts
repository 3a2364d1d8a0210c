/** Forced colours (Windows' contrast themes): what is said by colour alone must still be seen. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { useBench } from './bench.js';

const bench = useBench();

const APP = `
  import threading
  import ipyblocks as gr
  gate = threading.Event()
  def work(progress=gr.Progress()):
      progress(0.5)
      gate.wait()
  with gr.Blocks(title="Colours") as demo:
      with gr.Tabs():
          with gr.Tab("One"): gr.JSON({"a": [1]}, label="Data")
          with gr.Tab("Two"): gr.Markdown("Two")
      gr.Label({"cat": 0.7, "dog": 0.3}, label="Classes")
      names = gr.Dropdown(["one", "two"], value=[], multiselect=True, label="Names")
      names.input(lambda x: None, names, None)
      gr.Button("Run").click(work, None, gr.Textbox(label="Result"))
  demo
`;

/** What a property of an element, or of what stands before it, really is. */
function drawn(of: Locator, property: string, pseudo?: string): Promise<string> {
  return of.evaluate(
    (element, [name, before]) => getComputedStyle(element, before).getPropertyValue(name),
    [property, pseudo] as const
  );
}

test('with forced colours, what is said by colour alone is still seen', async () => {
  const app = await bench.run(APP);
  const { page } = bench;
  await page.emulateMedia({ forcedColors: 'active' });
  try {
    await app.getByRole('button', { name: 'Run' }).click();
    const bar = app.locator('.ib-Status-bar').first();
    await bar.waitFor();
    expect(await drawn(bar.locator('> div'), 'background-color')).not.toBe(
      await drawn(bar, 'background-color')
    );

    const share = app.locator('.ib-Label-bar').first();
    expect(await drawn(share.locator('> span'), 'background-color')).not.toBe(
      await drawn(share, 'background-color')
    );

    const [one, two] = [
      app.getByRole('tab', { name: 'One' }),
      app.getByRole('tab', { name: 'Two' })
    ];
    expect(await drawn(one, 'background-color')).not.toBe(await drawn(two, 'background-color'));

    // a triangle has sides that are not drawn
    const fold = app.locator('.ib-JSON-fold > summary').first();
    expect(await drawn(fold, 'border-bottom-color', '::before')).toBe('rgba(0, 0, 0, 0)');
    expect(await drawn(fold, 'border-top-color', '::before')).not.toBe('rgba(0, 0, 0, 0)');

    await app.getByRole('combobox').click();
    await page.locator('.ib-Combobox-item').first().waitFor();
    await page.keyboard.press('ArrowDown');
    const [marked, other] = [
      page.locator('.ib-Combobox-item.ib-is-marked'),
      page.locator('.ib-Combobox-item:not(.ib-is-marked)').first()
    ];
    await marked.waitFor();
    expect(await drawn(marked, 'background-color')).not.toBe(
      await drawn(other, 'background-color')
    );
    await bench.picture('forced colours');
  } finally {
    await page.emulateMedia({ forcedColors: 'none' });
    await bench.python('gate.set()');
  }
});
