import { defineConfig } from 'vitest/config';

/** Tests that make sense only with MUSE_SANITIZE in the environment: `npm run test:sanitize`. */
export default defineConfig({
  test: {
    include: ['test/sanitize/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});
