import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need a sanitizer: npm run test:sanitize.
    exclude: [...configDefaults.exclude, 'test/sanitize/**'],
    // Each server test starts a whole httpd: more at a time than cores only makes them slow.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
