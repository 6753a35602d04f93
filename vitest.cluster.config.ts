import { defineConfig } from 'vitest/config';

// One file after the other: they share one small cluster.
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts'],
    fileParallelism: false,
    maxConcurrency: 16,
    testTimeout: 600_000,
    hookTimeout: 300_000,
    reporters: ['verbose'],
  },
});
