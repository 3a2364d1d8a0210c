// Bytes of the page: what every JupyterLab loads when it starts, and what is loaded when it is needed.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from '../tools/build.mjs';
import { LABEXTENSION, inRoot } from '../tools/paths.mjs';
import { withLock } from '../tools/lock.mjs';
import { Problem, command } from '../tools/run.mjs';
import { counted, emit } from './_results.mjs';

const CORE_REACH = 250_000;
const STATIC = path.join(LABEXTENSION, 'static');

await command(async () => {
  let core = coreFiles();
  if (core === null) {
    // the build for development is several times as large, and does not say what is loaded when
    await withLock(inRoot('.cache', 'setup.lock'), () => build({ quiet: true }));
    core = coreFiles();
  }
  if (core === null) {
    throw new Problem('The entry of the built labextension has a form this bench cannot read.');
  }
  const files = readdirSync(STATIC).filter(name => name.endsWith('.js'));
  const lazy = files.filter(name => !core.includes(name));
  emit({
    figures: {
      'bundle, core, gzip': counted('bytes', zipped(core)),
      'bundle, core': counted('bytes', bytes(core)),
      'bundle, loaded when needed, gzip': counted('bytes', zipped(lazy)),
      'bundle, loaded when needed': counted('bytes', bytes(lazy))
    },
    verdicts: {
      'bundle, core': { value: zipped(core), reach: CORE_REACH, of: 'bytes, gzip' }
    }
  });
});

/** The entry and the chunks it fetches at start; null for a build that is not for production. */
function coreFiles() {
  const files = readdirSync(STATIC);
  const entry = files.find(name => /^remoteEntry\..*\.js$/.test(name));
  const text = entry ? readFileSync(path.join(STATIC, entry), 'utf8') : '';
  const exposed = ['extension', 'style'].map(
    name => new RegExp(`"\\./${name}":\\(\\)=>(.*?)\\.then\\(\\(\\)=>\\(\\)=>`).exec(text)?.[1]
  );
  if (entry === undefined || exposed.includes(undefined)) {
    return null;
  }
  const chunks = [...exposed.join().matchAll(/\.e\("?([\w-]+)"?\)/g)].map(([, id]) => id);
  return [entry, ...files.filter(name => chunks.includes(name.split('.')[0]))];
}

/** @param {string[]} names */
function bytes(names) {
  return sum(names.map(name => readFileSync(path.join(STATIC, name)).length));
}

/** @param {string[]} names */
function zipped(names) {
  return sum(
    names.map(name => gzipSync(readFileSync(path.join(STATIC, name)), { level: 9 }).length)
  );
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((a, b) => a + b, 0);
}
