// One setup at a time: two commands started together must not both install.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Run `work` while holding the lock file; wait for another holder that is still alive.
 *
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, work) {
  mkdirSync(path.dirname(file), { recursive: true });
  while (!take(file)) {
    await pause(200);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!holderLives(file)) {
      rmSync(file, { force: true });
    }
    return false;
  }
}

/** @param {string} file */
function holderLives(file) {
  try {
    const text = readFileSync(file, 'utf8');
    // empty: the holder is between creating the file and writing its number
    return text === '' || process.kill(Number(text), 0);
  } catch (error) {
    // EPERM: alive, somebody else's
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
