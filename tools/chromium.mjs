// Find a Chromium on this machine, and install the Debian package where that is possible.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Problem, mustRun, run } from './run.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const HOW_TO_INSTALL =
  'The demo picture and the UI tests need Chromium. Install it (Debian, Ubuntu: ' +
  '`sudo apt-get update && sudo apt-get install -y chromium`) or set CHROMIUM to the path of one.';

/** Path of a Chromium or Chrome: `$CHROMIUM`, else the first known name on the PATH. */
export function findChromium() {
  const named = process.env['CHROMIUM'];
  if (named) {
    return named;
  }
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return NAMES.flatMap(name => folders.map(folder => path.join(folder, name))).find(file =>
    existsSync(file)
  );
}

/** Path of a Chromium, installed first when it is missing and we may. */
export async function ensureChromium() {
  const found = findChromium();
  if (found) {
    return found;
  }
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || (await run('apt-get', ['--version'], { quiet: true })).code !== 0) {
    throw new Problem(HOW_TO_INSTALL);
  }
  console.log('Installing Chromium …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // A failing update is no reason to stop: the lists that are there may do.
  await run('apt-get', ['update'], { env, quiet: true });
  await mustRun(HOW_TO_INSTALL, 'apt-get', ['install', '-y', 'chromium'], env);
  const installed = findChromium();
  if (!installed) {
    throw new Problem(HOW_TO_INSTALL);
  }
  return installed;
}
