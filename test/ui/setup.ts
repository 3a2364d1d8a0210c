/** One JupyterLab and one Chromium for all files of a project. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

import { serveBrowser } from '../../tools/browser.mjs';
import { startLab } from '../../tools/lab.mjs';
import { ensure } from '../../tools/setup.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address, token and folder of the JupyterLab. */
    lab: { readonly url: string; readonly token: string; readonly root: string };
    /** Where the Chromium is reached. */
    browser: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await ensure({ chromium: true });
  return serve(project);
}

/**
 * Start both.
 *
 * @param env - More environment variables of the JupyterLab.
 */
export async function serve(
  project: TestProject,
  env: NodeJS.ProcessEnv = {}
): Promise<() => Promise<void>> {
  const root = mkdtempSync(path.join(tmpdir(), 'ipyblocks-ui-'));
  const [lab, browser] = await Promise.all([startLab({ root, env }), serveBrowser()]);
  project.provide('lab', { url: lab.url, token: lab.token, root });
  project.provide('browser', browser.wsEndpoint());
  return async () => {
    await browser.close();
    await lab.stop();
    rmSync(root, { recursive: true, force: true });
  };
}
