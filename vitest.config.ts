/** Test projects: `unit` beside the code, `interop` against real peers, `full` for what takes long. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

process.env.KENNEL_LOG_LEVEL ??= 'silent';
// Compiled once for all the processes that tests start: TypeScript is read as it is.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url));

// Node reads the files itself, as it does for a person who runs them.
const native = { experimental: { viteModuleRunner: false, nodeLoader: false } };
const slow = {
  ...native,
  globalSetup: ['test/support/provisioned.ts'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    // Vitest leaves a core free, which on a machine of two means one file after another; many here wait for servers.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          ...native,
          // What one file has imported the next one uses too: over a second of every file's time, where a tenant runs.
          isolate: false,
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      { test: { ...slow, name: 'interop', include: ['test/interop/**/*.test.ts'] } },
      { test: { ...slow, name: 'full', include: ['test/full/**/*.test.ts'], testTimeout: 600_000 } },
    ],
  },
});
