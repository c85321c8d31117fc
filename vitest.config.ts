import { defineConfig } from 'vitest/config';

// Five kinds of test, apart so that each can be run alone: `vitest run --project unit`.
// unit: seconds, nothing but Node. oracle: against Go's own x/mod. e2e: the real go command. faults: kill -9 and worse.
// browser: the pages in Chromium.
const project = (name: string, include: string[], extra: object = {}) => ({ test: { name, include, ...extra } });

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project('unit', ['test/**/*.test.ts'], {
        exclude: ['test/**/*.oracle.test.ts', 'test/e2e/**', 'test/faults/**', 'test/browser/**'],
        testTimeout: 20_000,
      }),
      project('oracle', ['test/**/*.oracle.test.ts'], { testTimeout: 120_000, hookTimeout: 180_000 }),
      project('e2e', ['test/e2e/**/*.test.ts'], { testTimeout: 300_000, hookTimeout: 180_000 }),
      project('browser', ['test/browser/**/*.test.ts'], { testTimeout: 120_000, hookTimeout: 180_000 }),
      project('faults', ['test/faults/**/*.test.ts'], { testTimeout: 300_000, hookTimeout: 180_000 }),
    ],
  },
});
