// `node tools/python.mjs script.py …`: run it with the project's own Python.
import { PYTHON } from './paths.mjs';
import { command, run } from './run.mjs';
import { ensure, pythonEnv } from './setup.mjs';

await command(async () => {
  await ensure({ built: false });
  return (await run(PYTHON, process.argv.slice(2), { env: pythonEnv() })).code;
});
