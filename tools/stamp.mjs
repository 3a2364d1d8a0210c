// Stamps remember what an installation was made from, so doing it again costs a hash and no more.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './paths.mjs';

/**
 * Hash of files and of all files below folders: names and contents, in a fixed order.
 *
 * @param {string[]} sources
 */
export function hashOf(sources) {
  const hash = createHash('sha256');
  for (const file of sources.flatMap(filesBelow)) {
    hash.update(path.relative(ROOT, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {string} source
 * @returns {string[]}
 */
function filesBelow(source) {
  if (!existsSync(source)) {
    return [];
  }
  if (!statSync(source).isDirectory()) {
    return [source];
  }
  return readdirSync(source)
    .sort()
    .flatMap(name => filesBelow(path.join(source, name)));
}

/**
 * @param {string} stamp
 * @param {string} hash
 */
export const isStamped = (stamp, hash) => existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;

/**
 * @param {string} stamp
 * @param {string} hash
 */
export function writeStamp(stamp, hash) {
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
}
