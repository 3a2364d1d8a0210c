/** On which kernels this browser tab had apps: what a tab that is reloaded will need again. */

const KEY = 'ipyblocks:kernels';

/** Kernels to remember; a tab hardly has more notebooks. */
const MOST = 20;

/** Whether this tab had apps on a kernel. */
export function hadApps(kernel: string | undefined): boolean {
  return kernel !== undefined && read().includes(kernel);
}

/** This tab has an app on a kernel. */
export function noteApps(kernel: string | undefined): void {
  const known = read();
  if (kernel === undefined || known.at(-1) === kernel) {
    return;
  }
  const others = known.filter(each => each !== kernel);
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...others, kernel].slice(-MOST)));
  } catch {
    // full, or not allowed: then nothing is known beforehand
  }
}

function read(): readonly string[] {
  try {
    const read: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(read) ? read.filter(each => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
