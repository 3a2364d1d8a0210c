// `npm run format`: let the formatters and the fixable lint rules have their way.
import { PYTHON, inNodeModules } from './paths.mjs';
import { command, run } from './run.mjs';
import { ensure, pythonEnv } from './setup.mjs';

const COMMANDS = [
  [PYTHON, '-m', 'ruff', 'check', '--fix', '.'],
  [PYTHON, '-m', 'ruff', 'format', '.'],
  [process.execPath, inNodeModules('eslint', 'bin', 'eslint.js'), '--fix', '.'],
  [process.execPath, inNodeModules('prettier', 'bin', 'prettier.cjs'), '--write', '.']
];

await command(async () => {
  await ensure({ built: false });
  let worst = 0;
  for (const [program = '', ...args] of COMMANDS) {
    worst = Math.max(worst, (await run(program, args, { env: pythonEnv() })).code);
  }
  return worst;
});
