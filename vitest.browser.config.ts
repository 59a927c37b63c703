import { defineConfig } from 'vitest/config';

/** The playground in a real browser: npm run test:browser; with `--mode pictures` what draws it for the docs. */
export default defineConfig(({ mode }) => ({
  test: {
    include: [mode === 'pictures' ? 'test/browser/pictures.ts' : 'test/browser/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/support/seed.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 90_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 30_000, interval: 100 } },
  },
}));
