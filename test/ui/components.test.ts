/** Each component: what the page sets is what Python gets, and what Python sets is what the page shows. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { EVERY_CLASS, shows, useBench } from './bench';

const bench = useBench();

/** The last value a handler got from the component with an `elem_id`, as Python writes it. */
async function got(name: string, value: string): Promise<void> {
  await expect
    .poll(() => bench.python(`print(seen.get("${name}"))`), { message: name })
    .toBe(value);
}

test('what Python sets is drawn, in every component, and taking it away again too', async () => {
  const app = await bench.run(`
${EVERY_CLASS}
def bare(cls):
    """As its example shows it, without the value where it can be without."""
    try:
        return cls.example().updated({"value": None, "elem_id": cls.__name__})
    except (TypeError, ValueError):
        return cls.example().updated({"elem_id": cls.__name__})

with gr.Blocks() as demo:
    show, hide = gr.Button("Show all"), gr.Button("Hide all")
    shown = [bare(cls).render() for cls in classes if "value" in cls.props]
    values = [cls.example().initial for cls in classes if "value" in cls.props]
    show.click(lambda: values, None, shown)
    hide.click(lambda: [c.initial for c in shown], None, shown)
print(*(c.elem_id for c in shown))
demo.launch()
  `);
  const [printed] = await bench.notebook.outputs(0);
  const names = String((printed as { text: string | string[] }).text)
    .trim()
    .split(/\s+/);
  expect(names.length).toBeGreaterThan(5);
  const before = await signatures(app, names);
  await app.getByRole('button', { name: 'Show all' }).click();
  const changes = names.filter(name => !/Button$/.test(name));
  await expect
    .poll(async () => {
      const after = await signatures(app, names);
      return changes.filter(name => after[name] === before[name]);
    })
    .toEqual([]);
  expect(await app.locator('.ib-Failure, .ib-Toast').count()).toBe(0);
  await app.getByRole('button', { name: 'Hide all' }).click();
  await expect
    .poll(async () => {
      const after = await signatures(app, names);
      return changes.filter(name => after[name] !== before[name]);
    })
    .toEqual([]);
});

/** What each component shows: its text, and what its controls hold. */
function signatures(app: Locator, names: string[]): Promise<Record<string, string>> {
  return app.evaluate((root, ids) => {
    const of = (id: string): string => {
      const node = root.querySelector(`#${id}`);
      const controls = [...(node?.querySelectorAll('input, textarea, select') ?? [])].map(
        control => {
          const { type, value, checked } = control as HTMLInputElement;
          return type === 'checkbox' || type === 'radio' ? String(checked) : value;
        }
      );
      const images = [...(node?.querySelectorAll('img') ?? [])].map(() => 'image');
      return JSON.stringify([node?.textContent, controls, images]);
    };
    return Object.fromEntries(ids.map(id => [id, of(id)]));
  }, names);
}

test('what the person does is what handlers get', async () => {
  const app = await bench.run(`
    import ipyblocks as gr
    seen = {}
    def tell(name):
        def record(value):
            seen[name] = repr(value)
        return record

    with gr.Blocks() as demo:
        inputs = [
            gr.Textbox(label="Text", elem_id="text"),
            gr.Textbox(label="Lines", lines=3, elem_id="lines"),
            gr.Number(1, label="Count", interactive=True, elem_id="number"),
            gr.Slider(0, 10, 5, step=1, label="Level", interactive=True, elem_id="slider"),
            gr.Checkbox(label="Agree", elem_id="checkbox"),
            gr.CheckboxGroup(["one", "two", "three"], label="Some", elem_id="checkboxgroup"),
            gr.Radio(["red", ("green", 7)], label="Colour", elem_id="radio"),
            gr.Dropdown([f"item {i}" for i in range(40)], label="Item", value=None, elem_id="dropdown"),
            gr.Dropdown(["a", "b", "c"], label="Many", multiselect=True, elem_id="many"),
        ]
        for each in inputs:
            each.change(tell(each.elem_id), each, None)
    demo.launch()
  `);
  const { page } = bench;
  await app.getByLabel('Text', { exact: true }).fill('grüße');
  await got('text', "'grüße'");
  const lines = app.getByLabel('Lines');
  await lines.click();
  await page.keyboard.type('one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  await got('lines', "'one\\ntwo'");

  await app.getByLabel('Count').fill('2.5');
  await page.keyboard.press('Tab');
  await got('number', '2.5');

  const slider = app.getByRole('slider', { name: 'Level' });
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await got('slider', '6');
  await page.keyboard.press('End');
  await got('slider', '10');
  await page.keyboard.press('Home');
  await got('slider', '0');
  // by the pointer: the middle of the track is the middle of the range
  const track = await slider.boundingBox();
  await page.mouse.click(track!.x + track!.width / 2, track!.y + track!.height / 2);
  await got('slider', '5');

  const agree = app.getByLabel('Agree');
  await agree.focus();
  await page.keyboard.press('Space');
  await got('checkbox', 'True');
  await agree.click();
  await got('checkbox', 'False');

  const some = app.getByRole('group', { name: 'Some' });
  await some.getByLabel('three').check();
  await some.getByLabel('one').check();
  await expect
    .poll(() => bench.python('print(sorted(eval(seen["checkboxgroup"])))'))
    .toBe("['one', 'three']");
  await some.getByLabel('three').uncheck();
  await got('checkboxgroup', "['one']");

  await app.getByLabel('red').check();
  await got('radio', "'red'");
  await page.keyboard.press('ArrowDown');
  await got('radio', '7');

  const item = app.getByRole('combobox', { name: 'Item' });
  await item.click();
  await page.keyboard.type('item 37');
  await app.getByRole('option', { name: 'item 37' }).click();
  await got('dropdown', "'item 37'");
  await expect.poll(() => app.getByRole('combobox', { name: 'Item' }).inputValue()).toBe('item 37');

  const many = app.getByRole('combobox', { name: 'Many' });
  // the list stays open for the next
  await many.click();
  for (const choice of ['b', 'c']) {
    await app.getByRole('option', { name: choice, exact: true }).click();
  }
  await got('many', "['b', 'c']");
  await bench.picture('inputs');
});

test('an image that is uploaded reaches the handler, and the one it returns is shown', async () => {
  const app = await bench.run(`
    import ipyblocks as gr
    seen = {}
    def invert(image):
        seen["image"] = repr((image.shape, str(image.dtype), image[0, 0].tolist()))
        return 255 - image

    with gr.Blocks() as demo:
        image = gr.Image(label="In", elem_id="source")
        out = gr.Image(label="Out", elem_id="result")
        gr.Button("Invert").click(invert, image, out)
    demo.launch()
  `);
  await app.locator('#source input[type=file]').setInputFiles({
    name: 'red.png',
    mimeType: 'image/png',
    buffer: RED
  });
  // the tools appear when the whole file has been sent
  await app.locator('#source').getByLabel('Download').waitFor();
  await app.getByRole('button', { name: 'Invert' }).click();
  const result = app.locator('#result img');
  await result.waitFor();
  await got('image', "((2, 3, 3), 'uint8', [255, 0, 0])");
  await expect.poll(() => result.evaluate(img => (img as HTMLImageElement).naturalWidth)).toBe(3);
});

/** A picture 3 wide and 2 high, all red. */
const RED = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP8zwAFTDAGAwATKQED8NgHhAAAAABJRU5ErkJggg==',
  'base64'
);

test('Accordion and Tabs open by pointer and keyboard, and from Python', async () => {
  const app = await bench.run(`
    import ipyblocks as gr
    with gr.Blocks() as demo:
        with gr.Accordion("More", open=False) as more:
            gr.Textbox(label="Hidden")
        with gr.Tabs() as tabs:
            with gr.Tab("First", id="first"):
                gr.Textbox(label="In first")
            with gr.Tab("Second", id="second"):
                gr.Textbox(label="In second")
        gr.Button("Open").click(lambda: gr.Accordion(open=True), None, more)
        gr.Button("Back").click(lambda: gr.Tabs(selected="first"), None, tabs)
    demo.launch()
  `);
  const { page } = bench;
  const head = app.locator('summary', { hasText: 'More' });
  const hidden = app.getByLabel('Hidden');
  expect(await hidden.count()).toBe(0);
  await head.focus();
  await page.keyboard.press('Enter');
  await hidden.waitFor();
  await hidden.fill('kept');
  await head.click();
  await hidden.waitFor({ state: 'hidden' });
  await app.getByRole('button', { name: 'Open' }).click();
  await hidden.waitFor();
  expect(await hidden.inputValue()).toBe('kept');

  const tab = (name: string): Locator => app.getByRole('tab', { name });
  expect(await tab('First').getAttribute('aria-selected')).toBe('true');
  await tab('Second').click();
  await app.getByLabel('In second').waitFor();
  expect(await app.getByLabel('In first').isVisible()).toBe(false);
  await app.getByLabel('In second').fill('kept too');
  await tab('Second').focus();
  await page.keyboard.press('ArrowLeft');
  await app.getByLabel('In first').waitFor();
  await tab('Second').click();
  await shows(app.getByLabel('In second'), 'kept too');
  await app.getByRole('button', { name: 'Back' }).click();
  await app.getByLabel('In first').waitFor();
});
