// From running a cell to all of its controls on the page: an app beside the same in ipywidgets.
import { counted, figure, ratio } from './_results.mjs';

const SIZES = [10, 100, 1000];
/** @type {Record<number, number>} */
const RUNS = { 10: 9, 100: 7, 1000: 5 };
const REACH = 0.12;

const IMPORTS = 'import ipyblocks as gr, ipywidgets as W';
const CLEAN = 'gr.close_all(); W.Widget.close_all(); import gc; gc.collect()';

const CELLS = {
  app: (/** @type {number} */ count) => `
with gr.Blocks() as demo:
    for i in range(${count}):
        gr.Textbox(f"value {i}", label=f"Field {i}")
demo
`,
  widgets: (/** @type {number} */ count) => `
W.VBox([W.Text(f"value {i}", description=f"Field {i}") for i in range(${count})])
`
};

/**
 * @param {import('./_page.mjs').Bench} bench
 * @returns {Promise<import('./_results.mjs').Report>}
 */
export async function measureMount(bench) {
  await bench.open('mount.ipynb', ['']);
  await bench.notebook.execute(IMPORTS);
  /** @type {import('./_results.mjs').Report} */
  const report = { figures: {}, verdicts: {} };
  for (const size of SIZES) {
    const taken = await measureSize(bench, size);
    for (const kind of /** @type {const} */ (['app', 'widgets'])) {
      const last = /** @type {Sample} */ (taken[kind].at(-1));
      const name = `${kind}, ${size} fields`;
      report.figures[`${name}, in the DOM`] = figure(taken[kind].map(each => each.inDom));
      report.figures[`${name}, painted`] = figure(taken[kind].map(each => each.painted));
      report.figures[`${name}, processor time`] = figure(taken[kind].map(each => each.cpu));
      report.figures[`${name}, messages down`] = counted('messages', last.down);
      report.figures[`${name}, bytes down`] = counted('bytes', last.downBytes);
    }
    const reach = size === 1000 ? REACH : 1;
    report.verdicts[`${size} fields / ipywidgets`] = compared(taken, 'inDom', reach);
    report.verdicts[`${size} fields / ipywidgets, processor`] = compared(taken, 'cpu', reach);
  }
  return report;
}

/**
 * @param {Taken} taken
 * @param {'inDom' | 'cpu'} key
 * @param {number} reach
 */
function compared(taken, key, reach) {
  const of = (/** @type {keyof Taken} */ kind) => taken[kind].map(each => each[key]);
  return { value: ratio(of('app'), of('widgets')), reach, of: 'times ipywidgets' };
}

/**
 * @typedef {{inDom: number, painted: number, cpu: number, down: number, downBytes: number}} Sample
 * @typedef {{app: Sample[], widgets: Sample[]}} Taken
 *
 * @param {import('./_page.mjs').Bench} bench
 * @param {number} size
 */
async function measureSize(bench, size) {
  /** @type {Taken} */
  const taken = { app: [], widgets: [] };
  for (let run = -1; run < (RUNS[size] ?? 3); run += 1) {
    for (const kind of /** @type {const} */ (['app', 'widgets'])) {
      const sample = await mountOnce(bench, CELLS[kind](size), size);
      if (run >= 0) {
        taken[kind].push(sample);
      }
    }
  }
  return taken;
}

/**
 * Run the cell once, and take away again what it showed.
 *
 * @param {import('./_page.mjs').Bench} bench
 * @param {string} source
 * @param {number} count
 * @returns {Promise<Sample>}
 */
async function mountOnce({ notebook, traffic, cpu }, source, count) {
  await notebook.setSource(0, source);
  const cpuBefore = await cpu();
  const before = traffic();
  const times = await notebook.page.evaluate(runCell, count);
  await notebook.whenIdle();
  const after = traffic();
  const used = (await cpu()) - cpuBefore;
  await notebook.command('notebook:clear-cell-output');
  await notebook.execute(CLEAN);
  await notebook.whenIdle();
  await notebook.painted();
  return {
    ...times,
    cpu: used,
    down: after.down - before.down,
    downBytes: after.downBytes - before.downBytes
  };
}

/**
 * In the page: run the only cell and wait until its output holds `count` fields.
 *
 * @param {number} count
 * @returns {Promise<{inDom: number, painted: number}>}
 */
function runCell(count) {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = 0;
  const output = content.widgets[0].node.querySelector('.jp-Cell-outputWrapper');
  const fields = () => output.querySelectorAll('textarea, input').length;
  return new Promise(resolve => {
    let added = 0;
    const observer = new MutationObserver(records => {
      // What is added is counted once, and everything only when it may be complete: to look through the
      // whole tree at every change would cost those most who add their controls one by one.
      for (const node of records.flatMap(record => [...record.addedNodes])) {
        added +=
          node instanceof Element
            ? node.querySelectorAll('textarea, input').length +
              Number(node.matches('textarea, input'))
            : 0;
      }
      if (added >= count && fields() >= count) {
        observer.disconnect();
        const inDom = performance.now() - start;
        // the second frame begins when the first has been drawn
        requestAnimationFrame(() =>
          requestAnimationFrame(() => resolve({ inDom, painted: performance.now() - start }))
        );
      }
    });
    observer.observe(output, { subtree: true, childList: true });
    const start = performance.now();
    void window.jupyterapp.commands.execute('notebook:run-cell');
  });
}
