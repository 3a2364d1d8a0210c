// From running a cell to all of its controls on the page: an app beside the same in ipywidgets.
import { counted, figure, ratio } from './_results.mjs';

const SIZES = [10, 100, 1000];
/** @type {Record<number, number>} */
const RUNS = { 10: 9, 100: 7, 1000: 5 };
const REACH = 0.12;

const IMPORTS = 'import ipyblocks as gr, ipywidgets as W';
const CLEAN = 'gr.close_all(); W.Widget.close_all(); import gc; gc.collect()';

/** @type {Record<string, (count: number) => string>} */
const CELLS = {
  app: count => `
with gr.Blocks() as demo:
    for i in range(${count}):
        gr.Textbox(f"value {i}", label=f"Field {i}")
demo
`,
  widgets: count => `
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
    for (const kind of Object.keys(CELLS)) {
      const of = taken[kind] ?? [];
      const last = /** @type {Sample} */ (of.at(-1));
      report.figures[`${kind}, ${size} fields, in the DOM`] = figure(of.map(each => each.inDom));
      report.figures[`${kind}, ${size} fields, painted`] = figure(of.map(each => each.painted));
      report.figures[`${kind}, ${size} fields, messages down`] = counted('messages', last.down);
      report.figures[`${kind}, ${size} fields, bytes down`] = counted('bytes', last.downBytes);
    }
    const [app = [], widgets = []] = [taken['app'], taken['widgets']];
    report.verdicts[`${size} fields`] = {
      value: ratio(
        app.map(each => each.inDom),
        widgets.map(each => each.inDom)
      ),
      reach: size === 1000 ? REACH : 1,
      of: 'of the time of ipywidgets'
    };
  }
  return report;
}

/**
 * @typedef {{inDom: number, painted: number, down: number, downBytes: number}} Sample
 *
 * @param {import('./_page.mjs').Bench} bench
 * @param {number} size
 */
async function measureSize(bench, size) {
  /** @type {Record<string, Sample[]>} */
  const taken = { app: [], widgets: [] };
  for (let run = -1; run < (RUNS[size] ?? 3); run += 1) {
    for (const [kind, source] of Object.entries(CELLS)) {
      const sample = await mountOnce(bench, source(size), size);
      if (run >= 0) {
        taken[kind]?.push(sample);
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
async function mountOnce({ notebook, traffic }, source, count) {
  await notebook.setSource(0, source);
  const before = traffic();
  const times = await notebook.page.evaluate(runCell, count);
  await notebook.whenIdle();
  const after = traffic();
  await notebook.command('notebook:clear-cell-output');
  await notebook.execute(CLEAN);
  await notebook.whenIdle();
  await notebook.painted();
  return {
    ...times,
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
