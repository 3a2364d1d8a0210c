import { configDefaults, defineConfig } from 'vitest/config';

const MATRIX = 'test/ui/matrix/*.test.ts';

/** One JupyterLab for all files; each process has a Chromium and a page, which its files use in turn. */
const withLab = {
  environment: 'node',
  isolate: false,
  testTimeout: 240_000,
  hookTimeout: 240_000,
  // what is waited for comes in milliseconds, on a machine that is busy in seconds
  expect: { poll: { timeout: 60_000, interval: 25 } }
} as const;

export default defineConfig({
  test: {
    // a JupyterLab ends its kernels in good order
    teardownTimeout: 90_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          environment: './test/unit/environment.ts',
          // a context for each file in a thread that goes on: half the work of new processes
          pool: 'vmThreads',
          // with one, all files would share one context
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          // no test waits for a clock; on a machine that is busy some take seconds
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // these import without file extensions and import CSS: Node alone cannot load them
          server: { deps: { inline: [/@jupyter/, /@lumino/] } },
          restoreMocks: true
        }
      },
      {
        test: {
          // a page and a real kernel, without a notebook between them
          name: 'link',
          include: ['test/link/**/*.test.ts'],
          environment: 'node',
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      },
      {
        test: {
          // the kernel side where there are no threads
          name: 'pyodide',
          include: ['test/pyodide/**/*.test.ts'],
          environment: 'node',
          globalSetup: ['./test/pyodide/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      },
      {
        test: {
          ...withLab,
          name: 'ui',
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          include: ['test/ui/**/*.test.{ts,mjs}'],
          exclude: [...configDefaults.exclude, MATRIX],
          globalSetup: ['./test/ui/setup.ts']
        }
      },
      {
        test: {
          ...withLab,
          // what must work with every kernel
          name: 'matrix',
          maxWorkers: 3,
          sequence: { groupOrder: 3 },
          include: [MATRIX],
          globalSetup: ['./test/ui/setup.kernels.ts']
        }
      }
    ]
  }
});
