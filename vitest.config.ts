/** Test projects: `unit` beside the code, `interop` against real peers, `full` for what takes long. */
import { defineConfig } from 'vitest/config';

process.env.KENNEL_LOG_LEVEL ??= 'silent';

const slow = { testTimeout: 60_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['packages/*/src/**/*.test.ts'], testTimeout: 20_000 } },
      { test: { name: 'interop', include: ['test/interop/**/*.test.ts'], ...slow } },
      { test: { name: 'full', include: ['test/full/**/*.test.ts'], ...slow, testTimeout: 600_000 } },
    ],
  },
});
