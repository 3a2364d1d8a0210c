/** Size, theme, the author's own CSS and JavaScript, keyboard and accessibility. */
import type { Locator } from 'playwright-core';
import { describe, expect, test } from 'vitest';

import { violations } from './axe';
import { EVERY_CLASS, shows, useBench } from './bench';

const bench = useBench();

/** An app with every component as its example shows it, and as it is when the person may edit it. */
const EVERYTHING = `
${EVERY_CLASS}
with gr.Blocks() as demo:
    for cls in classes:
        cls.example().render()
        try:
            cls.example().updated({"interactive": True}).render()
        except (TypeError, NotImplementedError):
            pass  # one that is only looked at
    gr.Button("Primary", variant="primary")
    gr.Button("Stop", variant="stop")
    with gr.Accordion("More", open=True):
        gr.Textbox(label="Inside")
    with gr.Tab("One"):
        gr.Textbox(label="In one")
    with gr.Tab("Two"):
        gr.Textbox(label="In two")
demo.launch()`;

const FORM = `
import ipyblocks as gr
with gr.Blocks() as demo:
    gr.Markdown("Some words, and [a link](https://jupyter.org).")
    with gr.Row():
        one = gr.Textbox(label="One")
        two = gr.Textbox(label="Two", lines=2)
    with gr.Row():
        go = gr.Button("Go", variant="primary")
        off = gr.Button("Off", interactive=False)
    out = gr.Textbox(label="Out")
    go.click(lambda a, b: a + "|" + b, [one, two], out)
`;

/** Computed styles of an element. */
function computed(element: Locator, ...names: string[]): Promise<string[]> {
  return element.evaluate((node, list) => {
    const style = getComputedStyle(node);
    return list.map(name => style.getPropertyValue(name));
  }, names);
}

describe('theme', () => {
  test('the app follows JupyterLab, live, in both directions', async () => {
    const app = await bench.run(`${FORM}demo.launch()`);
    const { notebook } = bench;
    const card = app.locator('.ib-card').first();
    const look = async (): Promise<string[]> => [
      ...(await computed(app, 'color')),
      ...(await computed(card, 'background-color', 'border-color')),
      ...(await computed(app.getByLabel('One'), 'background-color', 'color')),
      ...(await computed(app.getByRole('button', { name: 'Go' }), 'background-color'))
    ];
    await app.getByLabel('One').fill('kept');
    const light = await look();
    await bench.picture('form light');
    await notebook.setDark(true);
    const unchanged = async (): Promise<string[]> =>
      (await look()).slice(0, 5).filter((value, i) => value === light[i]);
    await expect.poll(unchanged).toEqual([]);
    await bench.picture('form dark');
    await notebook.setDark(false);
    await expect.poll(look).toEqual(light);
    expect(await app.getByLabel('One').inputValue()).toBe('kept');
  });

  test('theme="soft" changes this app alone', async () => {
    const app = await bench.run(
      `${FORM}demo.launch()`,
      `${FORM.replace('gr.Blocks()', 'gr.Blocks(theme="soft")')}demo.launch()`
    );
    const soft = bench.apps().nth(1);
    await soft.waitFor();
    const go = (each: Locator): Promise<string[]> =>
      computed(each.getByRole('button', { name: 'Go' }), 'background-color');
    expect(await go(soft)).not.toEqual(await go(app));
    await bench.picture('soft');
  });
});

test('css= reaches inside the app and nowhere else; js= runs once', async () => {
  const app = await bench.run(`
    import ipyblocks as gr
    css = """
    button { letter-spacing: 3px }
    .jp-Toolbar, #loud { letter-spacing: 5px }
    body { letter-spacing: 1px }
    @media (min-width: 1px) { p { letter-spacing: 2px } }
    """
    js = "() => { window.ranJs = (window.ranJs ?? 0) + 1; }"
    with gr.Blocks(css=css, js=js) as demo:
        gr.Markdown("Words")
        gr.Textbox(label="Loud", elem_id="loud")
        gr.Button("Go")
    demo.launch()
  `);
  const spacing = async (element: Locator): Promise<string> =>
    (await computed(element.first(), 'letter-spacing'))[0] ?? '';
  expect(await spacing(app.getByRole('button', { name: 'Go' }))).toBe('3px');
  expect(await spacing(app.locator('#loud'))).toBe('5px');
  expect(await spacing(app.locator('p'))).toBe('2px');
  expect(await spacing(app)).toBe('1px');
  const { page } = bench;
  for (const outside of [
    'body',
    '.jp-Toolbar',
    '.jp-NotebookPanel-toolbar button',
    '.jp-InputArea'
  ]) {
    expect(await spacing(page.locator(outside)), outside).toBe('normal');
  }
  const ran = (): Promise<unknown> => page.evaluate('window.ranJs');
  await expect.poll(ran).toBe(1);
  // JupyterLab takes cells off the screen and draws them anew
  await bench.notebook.command('notebook:hide-all-cell-outputs');
  await bench.notebook.command('notebook:show-all-cell-outputs');
  await app.waitFor();
  expect(await ran()).toBe(1);
});

test('a style inside gr.HTML reaches the app and nowhere else, with its animations', async () => {
  const app = await bench.run(`
    import ipyblocks as gr
    style = """
    <style>
      @keyframes turn { to { rotate: 360deg } }
      p, button { letter-spacing: 3px }
      .jp-Toolbar { letter-spacing: 5px }
      .turns { animation: turn 9s infinite }
    </style>"""
    spans = '<p class="turns">a</p><p style="animation: turn 9s infinite">b</p>'
    with gr.Blocks() as demo:
        gr.HTML(style + spans)
        gr.Button("Go")
    demo.launch()
  `);
  const spacing = async (element: Locator): Promise<string> =>
    (await computed(element.first(), 'letter-spacing'))[0] ?? '';
  expect(await spacing(app.locator('p'))).toBe('3px');
  expect(await spacing(app.getByRole('button', { name: 'Go' }))).toBe('3px');
  for (const outside of ['.jp-Toolbar', '.jp-NotebookPanel-toolbar button']) {
    expect(await spacing(bench.page.locator(outside)), outside).toBe('normal');
  }
  const running = await app
    .locator('p')
    .evaluateAll(all => all.map(each => each.getAnimations().length));
  expect(running).toEqual([1, 1]);
});

test('nothing moves when a task is listed, ends in the open list, and leaves a log', async () => {
  const app = await bench.run(`
    import threading
    import ipyblocks as gr
    gates = {name: threading.Event() for name in ("one", "two")}

    def work(name):
        gates[name].wait(60)
        print("one line")
        return name

    with gr.Blocks() as demo:
        for name in gates:
            out = gr.Textbox(label=f"Out {name}")
            gr.Button(f"Do {name}").click(
                lambda name=name: work(name), None, out, concurrency_id=name
            )
    demo.launch()
  `);
  const height = async (): Promise<number> => (await app.boundingBox())!.height;
  const before = await height();
  await app.getByRole('button', { name: 'Do one' }).click();
  await app.getByRole('button', { name: 'Do two' }).click();
  const tasks = app.locator('.ib-Footer-tasks');
  await expect.poll(() => tasks.locator('summary').textContent()).toBe('2 running');
  expect(await height()).toBe(before);
  const summary = await tasks.locator('summary').boundingBox();
  await tasks.locator('summary').click();
  await tasks.locator('li').nth(1).waitFor();
  expect(await tasks.locator('summary').boundingBox()).toEqual(summary);
  const open = await height();
  const second = await tasks.locator('li').nth(1).boundingBox();
  await bench.python('gates["one"].set()');
  await expect.poll(() => tasks.locator('summary').textContent()).toBe('1 running');
  await app.locator('.ib-Footer-log summary').waitFor();
  expect(await tasks.locator('li').nth(1).boundingBox()).toEqual(second);
  await bench.picture('task list');
  await bench.python('gates["two"].set()');
  await expect.poll(() => tasks.locator('summary').textContent()).toBe('Nothing is running');
  expect(await height()).toBe(open);
  await tasks.locator('summary').click();
  await tasks.waitFor({ state: 'detached' });
  expect(await height()).toBe(before);
});

test('what is told in a narrow card is readable: how far it is, why it failed, its label', async () => {
  const app = await bench.run(`
    import threading
    import ipyblocks as gr
    gate = threading.Event()

    def work(progress=gr.Progress()):
        progress(0.5, desc="A description that is much longer than there is room for it")
        gate.wait(60)

    def fail():
        raise ValueError("a reason of some words that says what went wrong " + "x" * 60)

    with gr.Blocks() as demo:
        with gr.Row():
            out = gr.Textbox(label="Out", min_width=240)
            no = gr.Label(label="No", min_width=240)
            gr.Textbox(label="w" * 90, min_width=240)
            gr.Markdown("w" * 90)
        gr.Button("Go").click(work, None, out)
        gr.Button("Fail").click(fail, None, no)
    demo.launch(width=1080)
  `);
  const isCut = (each: Locator): Promise<boolean> =>
    each.evaluate(node => node.scrollWidth > node.clientWidth);
  await app.getByRole('button', { name: 'Go' }).click();
  const said = app.locator('.ib-Status-words');
  await said.getByText('50 %').waitFor();
  expect(await isCut(said.locator('span').first())).toBe(true);
  expect(await isCut(said.locator('.ib-Status-figure'))).toBe(false);
  await app.getByRole('button', { name: 'Fail' }).click();
  const told = app.locator('.ib-Failure');
  await told.waitFor();
  const [all, words] = [
    await told.boundingBox(),
    await told.locator('.ib-Failure-text').boundingBox()
  ];
  expect(words!.width / all!.width).toBeGreaterThan(0.75);
  await bench.picture('narrow');
  for (const text of await app.locator('.ib-label, .ib-Markdown-content').all()) {
    expect(await isCut(text), (await text.textContent()) ?? '').toBe(false);
  }
  await bench.python('gate.set()');
});

describe('size', () => {
  test('height= scrolls inside, width= is kept, and by default the app is as high as it needs', async () => {
    const many = `
import ipyblocks as gr
def build():
    with gr.Blocks() as demo:
        for i in range(20):
            gr.Textbox(label=f"Field {i}")
    return demo
`;
    const app = await bench.run(
      `${many}build().launch(height=240, width=400)`,
      `build().launch(width="50%")`
    );
    const scrolls = (each: Locator): Promise<boolean> =>
      each.evaluate(node => node.scrollHeight > node.clientHeight + 1);
    expect(await app.boundingBox()).toMatchObject({ width: 400, height: 240 });
    expect(await scrolls(app)).toBe(true);
    const natural = bench.apps().nth(1);
    await bench.notebook.scrollTo(1);
    await natural.waitFor();
    expect(await scrolls(natural)).toBe(false);
    const [own, host] = [await natural.boundingBox(), await natural.locator('..').boundingBox()];
    expect(own!.width / host!.width).toBeCloseTo(0.5, 1);
  });

  test('inline=False shows nothing until it is asked for; share=True says what to do', async () => {
    const notebook = await bench.open(
      `${FORM}demo.launch(inline=False)`,
      'demo',
      'demo.launch(share=True)'
    );
    await notebook.runAll();
    const [printed, ...more] = await notebook.outputs(0);
    expect(printed).toMatchObject({ name: 'stdout' });
    expect(JSON.stringify(printed)).toContain('display(demo)');
    expect(more).toEqual([]);
    await bench.apps().first().waitFor();
    expect(await bench.apps().count()).toBe(1);
    const [error] = await notebook.errors();
    expect(error).toMatch(/^NotAvailableError: launch\(share\) needs a web server/);
    expect(error).toMatch(/Leave it out/);
  });

  test('nothing overflows, from 320 px to a wide window', async () => {
    const app = await bench.run(EVERYTHING, `${FORM}demo`);
    const { page } = bench;
    for (const width of [320, 480, 800]) {
      // the app's own width, whatever JupyterLab does with its side bars
      await page.addStyleTag({ content: `.ib-host { width: ${width}px !important }` });
      const form = bench.apps().nth(1);
      const at = (what: string) => ({ message: `${what} at ${width} px` });
      await bench.notebook.painted();
      await expect.poll(() => overflowing(app), at('everything')).toEqual([]);
      await expect.poll(() => overflowing(form), at('form')).toEqual([]);
      await bench.apps().nth(1).scrollIntoViewIfNeeded();
      await bench.picture(`form ${width}`);
    }
    await page.evaluate(() =>
      [...document.querySelectorAll('style')]
        .filter(style => style.textContent?.startsWith('.ib-host { width') === true)
        .forEach(style => style.remove())
    );
    await bench.notebook.painted();
    await expect.poll(() => overflowing(app)).toEqual([]);
  });

  /** Elements that stick out of the app to the right, or scroll sideways; `pre` and tables may scroll. */
  function overflowing(app: Locator): Promise<string[]> {
    return app.evaluate(root => {
      const right = root.getBoundingClientRect().right + 1;
      const hidden = (node: Element): boolean =>
        node.closest('.ib-visually-hidden, .ib-Toasts') !== null;
      const inScroller = (node: Element): boolean => {
        for (let up = node.parentElement; up !== null && up !== root; up = up.parentElement) {
          if (getComputedStyle(up).overflowX !== 'visible') {
            return true;
          }
        }
        return false;
      };
      return [...root.querySelectorAll('*')]
        .filter(
          node => node.getBoundingClientRect().right > right && !hidden(node) && !inScroller(node)
        )
        .map(node => `${node.tagName}.${node.getAttribute('class') ?? ''}`);
    });
  }
});

describe('keyboard and accessibility', () => {
  test('Tab goes through the app in order, with a visible focus; Enter and Space press', async () => {
    const app = await bench.run(`${FORM}demo.launch()`);
    const { page } = bench;
    await app.getByLabel('One').focus();
    await page.keyboard.type('a');
    const seen: string[] = [];
    for (const expected of ['Two', 'Go', 'Out']) {
      await page.keyboard.press('Tab');
      seen.push(await focusedName());
      expect(await hasVisibleFocus(), `focus on ${expected}`).toBe(true);
      if (expected === 'Two') {
        await page.keyboard.type('b');
      }
    }
    // the button that is off is passed by
    expect(seen).toEqual(['Two', 'Go', 'Out']);
    await page.keyboard.press('Shift+Tab');
    expect(await focusedName()).toBe('Go');
    await page.keyboard.press('Enter');
    await shows(app.getByLabel('Out'), 'a|b');
    // the app has the focus, not the notebook: no shortcut of JupyterLab was meant
    await app.getByLabel('Two').fill('c');
    await app.getByRole('button', { name: 'Go' }).focus();
    await page.keyboard.press('Space');
    await shows(app.getByLabel('Out'), 'a|c');
    expect(await bench.notebook.cell(0).count()).toBe(1);
  });

  function focusedName(): Promise<string> {
    return bench.page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement | null;
      return element?.labels?.[0]?.textContent ?? element?.textContent ?? '';
    });
  }

  function hasVisibleFocus(): Promise<boolean> {
    return bench.page.evaluate(() => {
      const style = getComputedStyle(document.activeElement ?? document.body);
      return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    });
  }

  test('axe finds nothing serious in any component, light and dark', async () => {
    const app = await bench.run(EVERYTHING);
    await bench.page.setViewportSize({ width: 1280, height: 4000 });
    await bench.notebook.painted();
    for (const dark of [false, true]) {
      await bench.notebook.setDark(dark);
      await bench.notebook.painted();
      // what is under the pointer is read, too
      await app.locator('.ib-JSON-fold > summary').nth(1).hover();
      expect.soft(await violations(app, 41), dark ? 'dark' : 'light').toEqual([]);
      await app.screenshot({ path: `${bench.pictures}/everything ${dark ? 'dark' : 'light'}.png` });
    }
    await bench.notebook.setDark(false);
    await bench.page.setViewportSize({ width: 1280, height: 900 });
  });
});
