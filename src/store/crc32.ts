/* eslint-disable @typescript-eslint/no-non-null-assertion -- indexes of typed arrays that are in their
   bounds; a check per byte would halve the speed. */
/** CRC-32 as zlib's, for places without `crypto.subtle`, which pages on plain http do not have. */

/** Tables for four bytes at a time. */
const TABLES = makeTables();

/** Checksum of some bytes, 0 to 2³² − 1. */
export function crc32(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = TABLES;
  const end = bytes.length - (bytes.length % 4);
  let crc = -1;
  let i = 0;
  for (; i < end; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      t3[crc & 255]! ^ t2[(crc >>> 8) & 255]! ^ t1[(crc >>> 16) & 255]! ^ t0[(crc >>> 24) & 255]!;
  }
  for (; i < bytes.length; i += 1) {
    crc = t0[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array];

function makeTables(): Tables {
  const first = new Int32Array(256).map((_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return crc;
  });
  const next = (table: Int32Array): Int32Array =>
    table.map(crc => (crc >>> 8) ^ (first[crc & 255] ?? 0));
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}
