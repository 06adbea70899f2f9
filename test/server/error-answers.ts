import { expect } from 'vitest';
import type { Httpd, Result } from '../harness/index.ts';

const sorry = 'The site says sorry.';

/** Static files beside the pages, one of them for every error. */
export function withErrorDocuments(httpd: Httpd): void {
  httpd.site.write('static.txt', 'static');
  httpd.site.write('sorry.html', sorry);
  const statuses = [403, 404, 500, 502, 503, 504];
  httpd.config.lines(...statuses.map((status) => `ErrorDocument ${status} /sorry.html`));
}

export async function expectStatic(httpd: Httpd): Promise<void> {
  expect((await httpd.get('/static.txt')).text).toBe('static');
}

/** What the log complains about after `mark`: one failure is one line. */
export function complaints(httpd: Httpd, mark: number): string[] {
  const { lines } = httpd.log;
  // httpd says that it has started when it may have answered already.
  const isStart = (whole: string): boolean => /AH00(?:489|094):/.test(whole);
  return lines.flatMap(({ level, whole }, i) =>
    i < mark || level === 'info' || isStart(whole) ? [] : [whole],
  );
}

/** An error that the site tells in its own words, and that no cache keeps. */
export function expectError(result: Result, status: number, what: string): void {
  expect([result.status, result.text], what).toEqual([status, sorry]);
  expect(result.complete, what).toBe(true);
  expect(result.headers['cache-control'] ?? '', what).not.toContain('max-age');
  expect(result.headers, what).not.toHaveProperty('muse-error');
  expect(result.headers, what).not.toHaveProperty('age');
}
