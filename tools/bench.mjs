// `npm run bench [-- name …]`: run the measurements of bench/, one after the other.
import { existsSync, readdirSync } from 'node:fs';
import { PYTHON, inRoot } from './paths.mjs';
import { Problem, command, run } from './run.mjs';
import { ensure, pythonEnv } from './setup.mjs';

await command(async () => {
  const wanted = process.argv.slice(2).filter(word => !word.startsWith('-'));
  const options = process.argv.slice(2).filter(word => word.startsWith('-'));
  await ensure({ chromium: true });
  const files = existsSync(inRoot('bench')) ? readdirSync(inRoot('bench')).sort() : [];
  // a leading underscore marks what the benches share
  const benches = files.filter(name => /^[^_].*\.(py|mjs)$/.test(name));
  const chosen = benches.filter(
    name => wanted.length === 0 || wanted.some(word => name.includes(word))
  );
  if (chosen.length === 0) {
    throw new Problem(`No such bench. There are: ${benches.join(', ') || 'none'}`);
  }
  let failed = 0;
  for (const name of chosen) {
    console.log(`\n── ${name}`);
    const program = name.endsWith('.py') ? PYTHON : process.execPath;
    const args = [inRoot('bench', name), ...options];
    const { code } = await run(program, args, { env: pythonEnv() });
    failed += code === 0 ? 0 : 1;
  }
  return failed;
});
