/** The wheels that Pyodide installs, for all files of the project. */
import type { TestProject } from 'vitest/node';

import { ensureWheels } from '../../tools/pyodide.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Paths of wheels. */
    wheels: string[];
  }
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide('wheels', await ensureWheels());
}
