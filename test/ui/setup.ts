/** One JupyterLab for all files of a project. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

import { startLab } from '../../tools/lab.mjs';
import { ensure } from '../../tools/setup.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address, token and folder of the JupyterLab. */
    lab: { readonly url: string; readonly token: string; readonly root: string };
  }
}

/** What JupyterLab does for its own sake at every load and every notebook, a quarter of the time. */
const WITHOUT = [
  'csvviewer-extension',
  'extensionmanager-extension',
  'help-extension',
  'htmlviewer-extension',
  'hub-extension',
  'imageviewer-extension',
  'inspector-extension',
  'json-extension',
  'launcher-extension',
  'logconsole-extension',
  'lsp-extension',
  'markdownviewer-extension',
  'mermaid-extension',
  'pdf-extension',
  'pluginmanager-extension',
  'running-extension',
  'settingeditor-extension',
  'terminal-extension',
  'tooltip-extension',
  'vega5-extension',
  'workspaces-extension',
  'notebook-extension:language-server',
  'fileeditor-extension:language-server'
].map(name => `@jupyterlab/${name}`);

/** Its server looks for none of the language servers of this machine. */
const FLAGS = ['--LanguageServerManager.autodetect=False'];

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await ensure({ chromium: true });
  return serve(project);
}

/**
 * Start it.
 *
 * @param env - More environment variables of the JupyterLab.
 */
export async function serve(
  project: TestProject,
  env: NodeJS.ProcessEnv = {}
): Promise<() => Promise<void>> {
  const root = mkdtempSync(path.join(tmpdir(), 'ipyblocks-ui-'));
  const lab = await startLab({ root, env, flags: FLAGS, without: WITHOUT });
  project.provide('lab', { url: lab.url, token: lab.token, root });
  return async () => {
    await lab.stop();
    // kernels that are ending may write there to the last
    rmSync(root, { recursive: true, force: true, maxRetries: 10 });
  };
}
