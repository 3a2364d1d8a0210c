// What a person at a JupyterLab page waits for: with the server as it comes, and with our extension in it.
import { command } from '../tools/run.mjs';
import { ensure } from '../tools/setup.mjs';
import { measureEcho } from './_echo.mjs';
import { measureMount } from './_mount.mjs';
import { withPage } from './_page.mjs';
import { emit } from './_results.mjs';

const only = process.argv.slice(2).find(word => /^--(echo|mount)$/.test(word));

await command(async () => {
  await ensure({ chromium: true });
  /** @type {import('./_results.mjs').Report[]} */
  const reports = [];
  if (only !== '--mount') {
    await withPage({ noDelay: false }, async bench => {
      reports.push(await measureEcho(bench));
    });
  }
  await withPage({ noDelay: true }, async bench => {
    if (only !== '--mount') {
      reports.push(await measureEcho(bench));
    }
    if (only !== '--echo') {
      reports.push(await measureMount(bench));
    }
    emit({
      figures: Object.assign({}, ...reports.map(report => report.figures)),
      verdicts: Object.assign({}, ...reports.map(report => report.verdicts)),
      versions: bench.versions
    });
  });
});
