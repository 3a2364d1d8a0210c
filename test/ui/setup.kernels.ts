/** The same, in a JupyterLab that knows the kernels of the matrix. */
import type { TestProject } from 'vitest/node';

import { KERNELS_PATH } from '../../tools/kernels.mjs';
import { ensure } from '../../tools/setup.mjs';
import { serve } from './setup';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await ensure({ chromium: true, kernels: true });
  return serve(project, { JUPYTER_PATH: KERNELS_PATH });
}
