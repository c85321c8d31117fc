import { defineConfig } from 'vitest/config';

// Nine kinds of test, apart so that each can be run alone: `vitest run --project unit`.
// unit: seconds, nothing but Node. oracle: against Go's own x/mod. e2e: the real go command. browser: the pages in
// Chromium. emulators: stand-ins of Google's servers. cluster: on a real Kubernetes API server and node. engine: under
// the real Pulumi. images: what runs in production. faults: kill -9 and worse.
const project = (name: string, include: string[], extra: object = {}) => ({ test: { name, include, ...extra } });

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project('unit', ['test/**/*.test.ts'], {
        exclude: [
          'test/**/*.oracle.test.ts',
          'test/e2e/**',
          'test/twelve-factors.test.ts',
          'test/faults/**',
          'test/browser/**',
          'test/emulators/**',
          'test/cluster/**',
          'test/engine/**',
          'test/images/**',
        ],
        testTimeout: 20_000,
      }),
      project('oracle', ['test/**/*.oracle.test.ts'], { testTimeout: 120_000, hookTimeout: 180_000 }),
      project('e2e', ['test/e2e/**/*.test.ts', 'test/twelve-factors.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 180_000,
      }),
      // The first run builds the servers.
      project('emulators', ['test/emulators/**/*.test.ts'], { testTimeout: 300_000, hookTimeout: 300_000 }),
      project('cluster', ['test/cluster/**/*.test.ts'], {
        globalSetup: ['test/cluster/setup.ts'],
        testTimeout: 60_000,
        hookTimeout: 120_000,
      }),
      project('engine', ['test/engine/**/*.test.ts'], {
        globalSetup: ['test/engine/setup.ts'],
        testTimeout: 300_000,
        hookTimeout: 120_000,
      }),
      project('browser', ['test/browser/**/*.test.ts'], { testTimeout: 120_000, hookTimeout: 180_000 }),
      // The first run builds both images, twice.
      project('images', ['test/images/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 600_000 }),
      project('faults', ['test/faults/**/*.test.ts'], { testTimeout: 300_000, hookTimeout: 180_000 }),
    ],
  },
});
