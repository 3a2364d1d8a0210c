/**
 * The kernel side in Pyodide, where there are no threads: the real package with its requirements, an
 * engine on Pyodide's own loop, and a page over loopback. What is tested is in `cases.py`.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadPyodide } from 'pyodide';
import { expect, inject, test } from 'vitest';

import { ROOT } from '../../tools/paths.mjs';

const python = await loadPyodide({
  // the checkout is shared with other Pythons, which compile for themselves
  env: { HOME: '/home/pyodide', PYTHONDONTWRITEBYTECODE: '1' }
});
for (const wheel of inject('wheels')) {
  python.unpackArchive(new Uint8Array(readFileSync(wheel)), 'wheel');
}
python.mountNodeFS('/checkout/ipyblocks', path.join(ROOT, 'ipyblocks'));
python.mountNodeFS('/checkout/cases', path.join(ROOT, 'test', 'pyodide'));
const cases = await run<string[]>(`
import sys
sys.path += ["/checkout", "/checkout/cases"]
import cases
from pyodide.ffi import to_js
to_js(list(cases.CASES))
`);

async function run<T>(code: string): Promise<T> {
  return (await python.runPythonAsync(code)) as T;
}

test('the package is the one of this checkout, and Jupyter is not loaded', async () => {
  const told = await run<string[]>(`
import ipyblocks
to_js([ipyblocks.__file__, *({"ipywidgets", "comm", "IPython"} & set(sys.modules))])
`);
  expect(told).toEqual(['/checkout/ipyblocks/__init__.py']);
});

test.each(cases)('%s', async name => {
  await run(`await cases.run(${JSON.stringify(name)})`);
});
