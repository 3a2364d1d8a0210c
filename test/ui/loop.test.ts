/** A list of ten thousand items, of which the kernel draws what is in sight. */
import { expect, test } from 'vitest';

import { useBench } from './bench';

const bench = useBench();

/** Items of three heights, each with a field; `drawn` tells what the kernel has drawn, while it is `free` to. */
const LIST = `
import threading
import ipyblocks as gr
from ipyblocks import context
from ipyblocks.layouts.loop import Loop
from ipyblocks.layouts.loopitem import LoopItem

drawn, free = [], threading.Event()
free.set()
with gr.Blocks() as demo:
    with Loop(count=10_000) as loop:
        @gr.render(inputs=[], triggers=[loop.change, demo.load])
        def items():
            free.wait()
            first, last = context.current_run().prop_of(loop, "window") or (0, 20)
            drawn.append((first, last))
            for index in range(first, last):
                row = LoopItem(index=index, render=False)
                row.key = index
                with row.render():
                    gr.Textbox(str(index), label=f"Item {index}", lines=1 + index % 3, interactive=True, key=index)
demo.launch()
`;

test('ten thousand items: scrolled, jumped, and never more than three screens', async () => {
  const app = await bench.run(LIST);
  const list = app.getByRole('list');
  const item = (index: number) => list.getByLabel(`Item ${index}`, { exact: true });
  await item(0).waitFor();
  expect((await list.boundingBox())!.height).toBe(480);
  await bench.picture('loop');
  const count = () => list.locator('[role=listitem], .ib-Loop-waiting').count();
  // every item has the height that it needs, and none stands on another
  const widestGap = (): Promise<number> =>
    list.getByRole('listitem').evaluateAll(items => {
      const boxes = items
        .map(each => ({ box: each.getBoundingClientRect(), at: each.ariaPosInSet }))
        .sort((a, b) => Number(a.at) - Number(b.at))
        .map(({ box }) => box);
      const gaps = boxes.slice(1).map(({ top }, i) => Math.abs(top - boxes[i]!.bottom));
      return gaps.length < 5 ? Infinity : Math.max(...gaps);
    });
  await expect.poll(widestGap).toBeLessThan(1);
  const first = await count();
  expect(first).toBeLessThan(30);

  await list.focus();
  await bench.page.keyboard.press('PageDown');
  await expect.poll(() => list.evaluate(each => each.scrollTop)).toBeGreaterThan(300);

  // far away: quiet rows at once, then the items
  await expect.poll(() => list.locator('.ib-Loop-waiting').count()).toBe(0);
  await bench.python('free.clear(); before = len(drawn)');
  const most = await list.evaluate(async each => {
    let rows = 0;
    for (let top = 0; top <= 400_000; top += 20_000) {
      each.scrollTop = top;
      await new Promise(resolve => requestAnimationFrame(resolve));
      rows = Math.max(rows, each.querySelectorAll('[role=listitem], .ib-Loop-waiting').length);
    }
    return rows;
  });
  expect(most).toBeLessThan(3 * first);
  await bench.picture('loop-scrolled');
  await bench.python('free.set()');
  await expect.poll(() => list.locator('.ib-Loop-waiting').count()).toBe(0);
  expect(await list.getByRole('listitem').count()).toBeGreaterThan(5);

  await list.evaluate(each => (each.scrollTop = each.scrollHeight));
  await list.evaluate(each => (each.scrollTop = each.scrollHeight));
  await item(9999).waitFor();
  expect(await item(9999).inputValue()).toBe('9999');
  await expect
    .poll(() => list.evaluate(e => Math.abs(e.scrollHeight - e.clientHeight - e.scrollTop)))
    .toBeLessThan(60);
  expect(await list.getByRole('listitem').last().getAttribute('aria-setsize')).toBe('10000');
  expect(await count()).toBeLessThan(30);

  // far fewer drawings than frames, and the last is of what is in sight
  expect(Number(await bench.python('print(len(drawn) - before)'))).toBeLessThan(10);
  await expect.poll(() => bench.python('print(drawn[-1][1])')).toBe('10000');
});

test('what one writes in an item stays when the window moves', async () => {
  const app = await bench.run(LIST);
  const list = app.getByRole('list');
  const field = list.getByLabel('Item 6', { exact: true });
  await field.fill('mine');
  await field.evaluate(each => each.setAttribute('data-mark', 'x'));
  await list.evaluate(each => (each.scrollTop = 420));
  await expect.poll(() => bench.python('print(drawn[-1] != (0, 20))')).toBe('True');
  await expect.poll(() => list.locator('.ib-Loop-waiting').count()).toBe(0);
  expect(await field.inputValue()).toBe('mine');
  expect(await field.getAttribute('data-mark')).toBe('x');
});
