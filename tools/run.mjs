// Run a program and wait for it, either letting it speak or keeping what it said.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ROOT } from './paths.mjs';

/** Something the person at the keyboard can mend: shown as one message, without a stack. */
export class Problem extends Error {}

/**
 * @typedef {object} Ran
 * @property {number} code exit code; 127 when the program could not be started, 1 after a signal
 * @property {string} output both streams, when `quiet`
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean}} [options]
 * @returns {Promise<Ran>}
 */
export function run(command, args, { cwd = ROOT, env = process.env, quiet = false } = {}) {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      // npm is a .cmd file on Windows, and those start through a shell only
      shell: process.platform === 'win32' && command === 'npm'
    });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => (output += chunk);
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', error => resolve({ code: 127, output: error.message }));
    child.on('close', code => resolve({ code: code ?? 1, output }));
  });
}

/**
 * Run quietly; on failure throw a Problem: the sentence, then what the program said.
 *
 * @param {string} sentence what to do about it
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function mustRun(sentence, command, args, env = process.env) {
  const { code, output } = await run(command, args, { env, quiet: true });
  if (code !== 0) {
    throw new Problem(`${sentence}\n\n${output.trim()}`);
  }
  return output;
}

/**
 * The body of a command: a Problem is printed as words, anything else with its stack.
 *
 * @param {() => Promise<number | void>} main resolves to the exit code
 */
export async function command(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    console.error(error instanceof Problem ? error.message : error);
    process.exitCode = 1;
  }
}

/**
 * Was this module started by itself, or imported by another?
 *
 * @param {ImportMeta} meta
 */
export const isMain = meta =>
  process.argv[1] !== undefined && fileURLToPath(meta.url) === realpathSync(process.argv[1]);
