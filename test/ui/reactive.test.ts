/** Variables, tasks with progress, parts and actions, where they are seen: in cells. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, inject, test } from 'vitest';

import { fakeProgress } from '../../src/store/progress';
import { violations } from './axe';
import { shows, useBench } from './bench';

const bench = useBench();

/** In cells and in workers: `held("name")` waits until the test has called `release("name")`. */
const GATES = `
from ipyblocks.reactive import *
import ipyblocks as gr
import pathlib, tempfile, time

gates = pathlib.Path(tempfile.mkdtemp())

def held(name):
    while not (gates / name).exists():
        time.sleep(0.01)
`;

const release = (name: string): Promise<string> => bench.python(`(gates / "${name}").touch()`);

const app = (index: number): Locator => bench.apps().nth(index);

const bar = (each: Locator): Locator => each.locator('.ib-tree').getByRole('progressbar');

const words = (each: Locator): Locator => each.locator('.ib-Status-words');

/** Wait until there is such a text. */
const says = (each: Locator, text: string): Promise<void> =>
  each.locator('.ib-Text').getByText(text, { exact: true }).first().waitFor();

const button = (each: Locator, name: string): Locator =>
  each.getByRole('button', { name, exact: true });

/** What a page shows of `fake_progress(80, …, estimated_time=60_000)` from 40 on, so long after its beginning. */
const curve = (milliseconds: number): number => 100 * fakeProgress(0.4, 0.8, 60_000, milliseconds);

test('a task tells how far it is in every cell that waits for it, also after a reload', async () => {
  await bench.run(
    GATES,
    `
    @track_progress
    def task_function(some_argument: int, updater: ProgressUpdater):
        updater.send_update(40, "Step 4")
        held("measured")
        (gates / "began").write_text(str(time.time()))
        updater.fake_progress(80, "Running third party computation", estimated_time=60_000)
        held("estimated")
        return some_argument + 10

    var = Variable(5)
    calculation = DerivedVariable(func=task_function, variables=[var], run_as_task=True)

    @py_component(track_progress=True)
    def show_computation_result(some_value):
        return Text(some_value)

    config.add_page("Component", content=Stack(
        Button("Compute", onclick=calculation.trigger()), show_computation_result(calculation)
    ))`,
    'config.add_page("Text", content=Stack(Text(calculation, track_progress=True)))'
  );
  for (const each of [app(0), app(1)]) {
    await expect.poll(() => words(each).textContent()).toMatch(/^Step 4 · .* · 40 %$/);
    expect(await bar(each).getAttribute('aria-valuenow')).toBe('40');
    expect(await bar(each).getAttribute('class')).toContain('ib-is-measured');
  }
  const heights = (): Promise<(number | undefined)[]> =>
    Promise.all(
      [app(0), app(1)].map(async each => (await each.locator('.ib-tree').boundingBox())?.height)
    );
  const before = await heights();
  await release('measured');
  await expect
    .poll(() => words(app(0)).textContent())
    .toMatch(/^Running third party .* · about \d/);
  await expect.poll(() => bar(app(1)).getAttribute('class')).toContain('ib-is-estimated');
  expect(await violations(app(0), 3)).toEqual([]);
  await bench.picture('task estimated');

  await bench.notebook.save();
  const estimated = async (): Promise<number> =>
    Number(await bar(app(0)).getAttribute('aria-valuenow'));
  await expect.poll(estimated).toBeGreaterThan(41);
  const reached = await estimated();
  await bench.notebook.open();
  await expect.poll(() => words(app(0)).textContent()).toMatch(/^Running third party/);
  const began = 1000 * Number(await bench.python('print((gates / "began").read_text())'));
  const shown = await estimated();
  // where it was, and further at most by the time since, however long the page took; both are rounded
  expect(shown).toBeGreaterThanOrEqual(reached);
  expect(shown).toBeLessThanOrEqual(curve(Date.now() - began) + 1);

  await release('estimated');
  await Promise.all([says(app(0), '15'), says(app(1), '15')]);
  await expect.poll(() => bar(app(0)).count()).toBe(0);
  expect(await heights()).toEqual(before);
  // asked for again, it starts anew; the former value stays, and nothing around it moves
  await bench.python('(gates / "measured").unlink()');
  await button(app(0), 'Compute').click();
  await expect.poll(() => words(app(1)).textContent()).toMatch(/^Step 4 · .* · 40 %$/);
  await says(app(1), '15');
  expect(await heights()).toEqual(before);
  await release('measured');
  await expect.poll(() => bar(app(1)).count()).toBe(0);
});

test('a cancelled task is a quiet line, a failed one says why, and both are tried again', async () => {
  await bench.run(
    GATES,
    `
    @track_progress
    def slow(updater: ProgressUpdater):
        updater.send_update(10, "Begun")
        held("end")
        return "came"

    def fails():
        if not (gates / "found").exists():
            raise ValueError("No such city.")
        return "found"

    Stack(Text(DerivedVariable(slow, [], run_as_task=True), track_progress=True))`,
    'Stack(Text(DerivedVariable(fails, []), track_progress=True))'
  );
  await expect.poll(() => words(app(0)).textContent()).toContain('Begun');
  await app(0).locator('.ib-tree').getByRole('button', { name: 'Cancel slow' }).click();
  const cancelled = app(0).locator('.ib-Failure.ib-is-quiet');
  await expect.poll(() => cancelled.textContent()).toMatch(/^\s*Cancelled/);
  await expect.poll(() => bar(app(0)).count()).toBe(0);
  await bench.picture('task cancelled');
  await button(app(0), 'Try again').click();
  await expect.poll(() => words(app(0)).textContent()).toContain('Begun');
  await expect.poll(() => cancelled.count()).toBe(0);
  await release('end');
  await says(app(0), 'came');

  const failed = app(1).getByRole('alert');
  await expect.poll(() => failed.textContent()).toContain('ValueError: No such city.');
  expect(await violations(app(1), 3)).toEqual([]);
  await bench.notebook.setDark(true);
  expect(await violations(app(1), 3)).toEqual([]);
  await bench.picture('task failed dark');
  await bench.notebook.setDark(false);
  await release('found');
  await button(app(1), 'Try again').click();
  await says(app(1), 'found');
  await expect.poll(() => failed.count()).toBe(0);
});

/** One cell with a slider; another with what follows it. */
const FOLLOWING = [
  `${GATES}
x, items = Variable(3), Variable(["pear", "fig"])
gr.Slider(0, 10, value=x, step=1, label="First")`,
  `
    Stack(
        gr.Slider(0, 10, value=x, step=1, label="Second"),
        Text(DerivedVariable(lambda v: f"twice is {2 * v}", [x])),
        If(x > 5, Text("more than five"), Text("five or less")),
        Match(x, {"7": Text("lucky")}, default=Text("no luck")),
        Stack(For(items, Stack(
            Text(items.list_item), Button("Off", onclick=x.update(0)), direction="horizontal"
        ), placeholder=Text("nothing"))),
    )`
];

test('what one cell does to a variable, every cell shows', async () => {
  await bench.run(...FOLLOWING);
  const first = app(0).getByRole('slider');
  const second = app(1).getByRole('slider');
  await says(app(1), 'twice is 6');
  expect(await violations(app(1), 6)).toEqual([]);
  await bench.picture('parts');

  await first.focus();
  for (let i = 0; i < 4; i++) {
    await bench.page.keyboard.press('ArrowRight');
  }
  await shows(second, '7');
  await Promise.all(
    ['twice is 14', 'more than five', 'lucky'].map(async text => says(app(1), text))
  );
  await bench.python('x.value = 2; items.value = ["plum", "pear", "fig"]');
  await shows(first, '2');
  await shows(second, '2');
  await Promise.all(
    ['twice is 4', 'five or less', 'no luck', 'plum'].map(async text => says(app(1), text))
  );
  await button(app(1), 'Off').nth(2).click();
  await shows(first, '0');
  await bench.python('items.value = []');
  await says(app(1), 'nothing');
  await says(app(1), 'five or less');
});

test('of ten thousand items those in sight are there, to the end', async () => {
  await bench.run(`${GATES}
items = Variable([{"id": i, "name": f"Item {i}"} for i in range(10_000)])
For(items, Stack(Text(items.list_item["name"]), Button("Take"), direction="horizontal"), key_accessor="id")`);
  const list = app(0).getByRole('list');
  const rows = list.locator('[role=listitem], .ib-Loop-waiting');
  await list.getByText('Item 0', { exact: true }).waitFor();
  const few = await rows.count();
  expect(few).toBeLessThan(80);
  await list.evaluate(each => (each.scrollTop = each.scrollHeight / 2));
  await expect.poll(() => list.locator('.ib-Loop-waiting').count()).toBe(0);
  expect(await rows.count()).toBeLessThan(80);
  await expect
    .poll(async () => {
      await list.evaluate(each => (each.scrollTop = each.scrollHeight));
      return list.getByText('Item 9999', { exact: true }).count();
    })
    .toBe(1);
  expect(await rows.count()).toBeLessThan(80);
  expect(await app(0).locator('.ib-Text').count()).toBeLessThan(80);
});

test('an action is heard while a cell runs', async () => {
  const shown = await bench.run(
    `${GATES}
import threading
steps, ended = Variable(0), threading.Event()

@action
async def end(ctx):
    ended.set()

Stack(Button("Step", onclick=steps.update(1)), Button("End", onclick=end()), Text(steps))`,
    'None'
  );
  await bench.notebook.setSource(1, 'while not ended.wait(0.01): pass\nprint("ended")');
  await bench.notebook.startCell(1);
  await button(shown, 'Step').click();
  await says(shown, '1');
  expect(JSON.stringify(await bench.notebook.outputs(1))).not.toContain('ended');
  await button(shown, 'End').click();
  await expect.poll(async () => JSON.stringify(await bench.notebook.outputs(1))).toContain('ended');
});

test('without its kernel, or from elsewhere, a page stays readable', async () => {
  bench.leaves.kernelGone = true;
  await bench.run(...FOLLOWING);
  const texts = (each: Locator): Promise<string[]> =>
    each.locator('.ib-Text-value').allTextContents();
  for (const text of ['twice is 6', 'five or less', 'no luck', 'pear', 'fig']) {
    await says(app(1), text);
  }
  const last = await texts(app(1));
  await bench.notebook.save();
  await bench.notebook.restartKernel();
  await app(1).getByText('Run this cell again').waitFor();
  await expect.poll(() => texts(app(1))).toEqual(last);

  const saved = readFileSync(path.join(inject('lab').root, bench.notebook.file), 'utf8');
  const { cells } = JSON.parse(saved) as { cells: { source: string }[] };
  await bench.notebook.closeFile();
  // a file that came from elsewhere carries no signature of this server
  const foreign = cells.map(cell => ({ ...cell, source: '# from elsewhere' }));
  await bench.notebook.openNext(bench.write(foreign));
  await app(1).getByText('not trusted').waitFor();
  await expect.poll(() => texts(app(1))).toEqual(last);
  expect(await app(1).locator('.ib-tree[inert]').count()).toBe(1);
  await bench.picture('parts untrusted');
});
