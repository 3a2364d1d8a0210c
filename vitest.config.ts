import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          environment: './test/unit/environment.ts',
          // these import without file extensions and import CSS: Node alone cannot load them
          server: { deps: { inline: [/@jupyter/, /@lumino/] } },
          restoreMocks: true
        }
      },
      {
        test: {
          name: 'ui',
          include: ['test/ui/**/*.test.{ts,mjs}'],
          environment: 'node',
          // one JupyterLab and one Chromium for all files, which take turns: some measure time
          globalSetup: ['./test/ui/setup.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // what is waited for comes in milliseconds, on a machine that is busy in seconds
          expect: { poll: { timeout: 15_000, interval: 25 } }
        }
      }
    ]
  }
});
