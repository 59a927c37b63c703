import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need real stores, or a browser: vitest.engines.config.ts, vitest.browser.config.ts.
    exclude: [...configDefaults.exclude, 'test/engines/**', 'test/browser/**'],
    // Workers are loaded from dist/, so the tests always run against a fresh build.
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/support/seed.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
