// What a person at a JupyterLab page waits for: with the server as it comes, and with our extension in it.
import { ensureKernels } from '../tools/kernels.mjs';
import { command } from '../tools/run.mjs';
import { ensure, pythonEnv } from '../tools/setup.mjs';
import { measureEcho } from './_echo.mjs';
import { measureMount } from './_mount.mjs';
import { withPage } from './_page.mjs';
import { measureReload } from './_reload.mjs';
import { emit } from './_results.mjs';

const only = process.argv.slice(2).find(word => /^--(echo|mount|reload)$/.test(word));
/** Which ipykernel the notebooks run on, as `--kernel=ipykernel-6.31`; by default the project's own. */
const kernel = process.argv
  .slice(2)
  .find(word => word.startsWith('--kernel='))
  ?.replace('--kernel=', '');
/** @param {'echo' | 'mount' | 'reload'} part */
const wants = part => only === undefined || only === `--${part}`;

await command(async () => {
  await ensure({ chromium: true });
  if (kernel !== undefined) {
    await ensureKernels(pythonEnv());
  }
  /** @type {import('./_results.mjs').Report[]} */
  const reports = [];
  if (wants('echo')) {
    await withPage({ noDelay: false, kernel }, async bench => {
      reports.push(await measureEcho(bench));
    });
  }
  await withPage({ noDelay: true, kernel }, async bench => {
    if (wants('echo')) {
      reports.push(await measureEcho(bench));
    }
    if (wants('mount')) {
      reports.push(await measureMount(bench));
    }
    if (wants('reload')) {
      reports.push(await measureReload(bench));
    }
    emit({
      figures: Object.assign({}, ...reports.map(report => report.figures)),
      verdicts: Object.assign({}, ...reports.map(report => report.verdicts)),
      versions: bench.versions
    });
  });
});
