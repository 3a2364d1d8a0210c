/** What an app and the notebook around it leave each other: styles, keys, room for messages. */
import { describe, expect, test } from 'vitest';

import { useBench } from './bench';

const bench = useBench();

const CSS = `
body { background: rgb(1, 2, 3); } :root { --mine: 4px; } p, span, div, button { letter-spacing: 1px; }
#own { animation: jp-own 1s infinite; } .cls { padding: 7px; }
@keyframes jp-own { from { opacity: 0.5 } to { opacity: 1 } }
.dark .cls { border-left: 2px solid rgb(9, 9, 9); }
@media (min-width: 1px) { * { word-spacing: 2px } .cls { margin-left: 3px } }
.cls { .ib-label { color: rgb(10, 20, 30) } :not(&) { text-indent: 1px } html:has(&) { margin: 5px } }
.gradio-container + *, .gradio-container ~ *, body ~ * { outline: 5px solid red }
@property --jp-ui-font-color1 { syntax: '<color>'; inherits: false; initial-value: red; }
.jp-Cell, .jp-Notebook, .lm-Widget, :is(body, html) * { background: red !important; }
`;

const APP = `
import ipyblocks as gr
with gr.Blocks(css='''${CSS}''') as demo:
    with gr.Column(elem_id="own", elem_classes="cls"):
        gr.Textbox(label="Text")
    gr.Button("Run")
demo`;

/** Looks of everything outside of the app, with the app's own style sheet and without. */
async function changedOutside(): Promise<{ count: number; changed: string[] }> {
  return bench.page.evaluate(() => {
    const app = document.querySelector('.ipyblocks');
    const own = [...document.querySelectorAll('style')].find(style =>
      style.textContent.includes('rgb(1, 2, 3)')
    );
    const outside = [...document.querySelectorAll('*')].filter(each => !app?.contains(each));
    const looks = (): string[] =>
      outside.map(each => {
        const style = getComputedStyle(each);
        return ['background-color', 'color', 'letter-spacing', 'word-spacing', 'text-indent']
          .concat(['margin', 'outline-style', 'animation-name', 'border-left-width'])
          .map(name => style.getPropertyValue(name))
          .join();
      });
    const before = looks();
    own!.sheet!.disabled = true;
    const after = looks();
    own!.sheet!.disabled = false;
    const changed = outside.filter((_, i) => before[i] !== after[i]).map(each => each.className);
    return { count: outside.length, changed: changed.map(String) };
  });
}

describe('css of an app', () => {
  test('reaches what is inside', async () => {
    await bench.run(APP);
    const style = (selector: string, name: string): Promise<string> =>
      bench.page.evaluate(
        ([s, n]) => getComputedStyle(document.querySelector(s!)!).getPropertyValue(n!),
        [selector, name]
      );
    expect(await style('.ipyblocks', 'background-color')).toBe('rgb(1, 2, 3)');
    expect(await style('.ipyblocks', '--mine')).toBe('4px');
    expect(await style('.ipyblocks', 'margin-top')).toBe('5px');
    expect(await style('.ipyblocks .ib-Button', 'letter-spacing')).toBe('1px');
    expect(await style('.ipyblocks .ib-Button', 'text-indent')).toBe('1px');
    expect(await style('#own', 'padding-top')).toBe('7px');
    expect(await style('#own', 'margin-left')).toBe('3px');
    expect(await style('#own .ib-label', 'color')).toBe('rgb(10, 20, 30)');
    expect(await style('#own', 'animation-name')).toMatch(/^ib-app-\w+-jp-own$/);
    expect(await style('#own', 'border-left-width')).toBe('0px');
    await bench.notebook.setDark(true);
    await expect.poll(() => style('#own', 'border-left-width')).toBe('2px');
    // JupyterLab stumbles over a second change before its splash screen is gone.
    await bench.page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    await bench.notebook.setDark(false);
    await bench.page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
  });

  test('changes nothing outside, and goes with the app', async () => {
    await bench.open(APP);
    await bench.notebook.runCell(0);
    await bench.apps().first().waitFor();
    const { count, changed } = await changedOutside();
    expect(count).toBeGreaterThan(500);
    expect(changed).toEqual([]);
    const sheets = (): Promise<number> =>
      bench.page.evaluate(
        () =>
          [...document.querySelectorAll('style')].filter(each =>
            each.textContent.includes('rgb(1, 2, 3)')
          ).length
      );
    await expect.poll(sheets).toBe(1);
    await bench.notebook.runCell(0);
    await expect.poll(sheets).toBe(1);
    await bench.notebook.setSource(0, 'demo.close()');
    await bench.notebook.runCell(0);
    await expect.poll(sheets).toBe(0);
  });
});

test('an app says that the server sends at once', async () => {
  const app = await bench.run(APP);
  expect(await app.getAttribute('data-tcp-no-delay')).toBe('on');
});

test('keys pressed at a button of an app do nothing to the notebook', async () => {
  const app = await bench.run(APP, 'x = 1');
  const cells = (): Promise<number> =>
    bench.page.evaluate(() => document.querySelectorAll('.jp-NotebookPanel .jp-Cell').length);
  const before = await cells();
  for (const key of ['b', 'a', 'x', 'd', 'd', 'ArrowDown', 'j']) {
    await app.getByRole('button', { name: 'Run' }).press(key);
  }
  expect(await cells()).toBe(before);
});

test('messages are whole, however low the app is', async () => {
  const app = await bench.run(`
import ipyblocks as gr
def say():
    for i in range(3): gr.Info(f"Message {i}", duration=None)
with gr.Blocks() as demo:
    gr.Button("Say").click(say)
demo.launch(height=60)`);
  await app.getByRole('button', { name: 'Say' }).click();
  await app.locator('.ib-Toast').nth(2).waitFor();
  const seen = (): Promise<boolean[]> =>
    bench.page.evaluate(() =>
      [...document.querySelectorAll('.ib-Toast')].map(toast => {
        const { left, top, width, height } = toast.getBoundingClientRect();
        const corners = [4, height - 4].map(y =>
          document.elementFromPoint(left + width / 2, top + y)
        );
        return corners.every(each => toast.contains(each));
      })
    );
  // they follow the app some time after it has moved
  await expect.poll(seen).toEqual([true, true, true]);
});

test('what cannot be seen leaves no card, and empty columns keep their place in a row', async () => {
  const app = await bench.run(`
import ipyblocks as gr
with gr.Blocks() as demo:
    with gr.Group(elem_id="group"): a = gr.Textbox(visible=False)
    with gr.Column(elem_id="panel", variant="panel"): gr.Textbox(visible="hidden")
    with gr.Row():
        gr.Column(elem_id="spacer", min_width=50)
        with gr.Column(min_width=50): show = gr.Button("Show")
    show.click(lambda: gr.Textbox(visible=True), None, a)
demo`);
  const height = async (id: string): Promise<number> =>
    (await app.locator(`#${id}`).boundingBox())?.height ?? 0;
  expect([await height('group'), await height('panel')]).toEqual([0, 0]);
  expect((await app.locator('#spacer').boundingBox())!.width).toBeGreaterThan(200);
  await app.getByRole('button', { name: 'Show' }).click();
  await expect.poll(() => height('group')).toBeGreaterThan(40);
});

test('a row shares its width by scale, over forms and the layouts inside', async () => {
  const app = await bench.run(`
import ipyblocks as gr
with gr.Blocks() as demo:
    with gr.Row():
        gr.Textbox(elem_id="a", scale=3, min_width=10); gr.Textbox(elem_id="b", min_width=10)
        gr.Button("c", elem_id="c", scale=2)
    with gr.Row():
        with gr.Column(scale=5, min_width=300):
            with gr.Row(): gr.Button("d", elem_id="d"); gr.Button("e", elem_id="e"); gr.Button("f", elem_id="f", scale=0)
        gr.Button("g", elem_id="g")
demo`);
  const width = async (id: string): Promise<number> =>
    (await app.locator(`#${id}`).boundingBox())!.width;
  const [a, b, c] = [await width('a'), await width('b'), await width('c')];
  // Padding is not shared.
  expect((a - 24) / (b - 24)).toBeCloseTo(3, 1);
  expect((a + b) / c).toBeCloseTo(2, 0);
  expect(await width('d')).toBeCloseTo(await width('e'), 0);
  expect(await width('f')).toBeLessThan(100);
});
