import { durationOf } from '../provider/tokens.ts';
import { slow } from './kinds.ts';
import type { SoakSize } from './size.ts';

export const title = 'Soak';

/** What is done and measured, a paragraph each. */
export function method({ minutes, perSecond, streams }: SoakSize): string[] {
  return [
    `For ${minutes} minutes, httpd with 2 children of 64 threads gets ${perSecond} requests a second, sent ` +
      'at that rate whether those before were answered or not, of the kinds that the last table names. Besides, ' +
      `${streams} visitors read pages that take ${durationOf(slow) / 1000} s to be written, one after the other, ` +
      'each a page of their own. Every answer is compared, byte by byte, with what its page has to be; one that is ' +
      'wrong, cut off or missing fails the run.',
    'The cache is small, so that it is full within the first minutes and old pages make room for new ones ' +
      'from then on; popular pages are written again every 30 s. The rate limit counts each request. ' +
      'Memory is the proportional set size of all processes that httpd has started, read every 5 s; minutes are compared by their most.',
  ];
}
