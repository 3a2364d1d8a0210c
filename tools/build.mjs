// Build the page: TypeScript to lib/, then lib/ and style/ to the labextension JupyterLab loads.
// Needs node_modules and nothing else: pip runs it too, in a checkout without a .venv.
import { spawn } from 'node:child_process';
import { inNodeModules, inRoot } from './paths.mjs';
import { Problem, command, isMain, run } from './run.mjs';
import { hashOf, writeStamp } from './stamp.mjs';

const TSC = inNodeModules('typescript', 'bin', 'tsc');
const BUNDLE = [
  inNodeModules('@jupyter', 'builder', 'lib', 'build-labextension.js'),
  '--core-package-file',
  inNodeModules('@jupyterlab', 'core-meta', 'core.package.json')
];

/** Holds the hash of the sources the present build was made from. */
export const BUILD_STAMP = inRoot('lib', '.build');

export const hashOfSources = () =>
  hashOf([inRoot('src'), inRoot('style'), inRoot('package.json'), inRoot('tsconfig.json')]);

/**
 * @param {{development?: boolean, quiet?: boolean}} [options]
 */
export async function build({ development = false, quiet = false } = {}) {
  const hash = hashOfSources();
  const mode = development ? ['--development'] : [];
  await step('TypeScript reports errors in src/.', [TSC], quiet);
  await step('The labextension could not be bundled.', [...BUNDLE, ...mode, inRoot()], quiet);
  writeStamp(BUILD_STAMP, hash);
}

/**
 * @param {string} sentence
 * @param {string[]} args
 * @param {boolean} quiet
 */
async function step(sentence, args, quiet) {
  const { code, output } = await run(process.execPath, args, { quiet });
  if (code !== 0) {
    throw new Problem(`${sentence}\n${output}`.trim());
  }
}

/** Rebuild on every change until Ctrl-C; reload the JupyterLab page to see it. */
async function watch() {
  await build({ development: true });
  const commands = [
    [TSC, '--watch', '--preserveWatchOutput'],
    [...BUNDLE, '--development', '--watch', inRoot()]
  ];
  const children = commands.map(args =>
    spawn(process.execPath, args, { cwd: inRoot(), stdio: 'inherit' })
  );
  await Promise.race(children.map(child => new Promise(done => child.on('close', done))));
  children.forEach(child => child.kill());
}

if (isMain(import.meta)) {
  const options = process.argv.slice(2);
  await command(() =>
    options.includes('--watch')
      ? watch()
      : build({ development: options.includes('--development') })
  );
}
