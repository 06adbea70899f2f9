import { describe, expect, test } from 'vitest';
import { locationOf } from '../../src/deferred/location.ts';
import { readPreference } from '../../src/deferred/prefer.ts';

describe('Prefer', () => {
  test.for([
    [undefined, false, 0],
    ['', false, 0],
    ['respond-async', true, 0],
    ['Respond-Async, WAIT=10', true, 10],
    ['return=minimal;x=", respond-async", wait="7"', false, 7],
    ['wait=3, respond-async; foo, wait=9', true, 3],
    ['respond-asynchronously', false, 0],
    ['respond-async, wait=-1', true, 0],
    ['respond-async, wait=1e3', true, 0],
    ['respond-async, wait', true, 0],
  ] as const)('of %j', ([prefer, respondAsync, wait]) => {
    expect(readPreference(prefer)).toEqual({ respondAsync, wait });
  });
});

describe('where a deferred answer is', () => {
  test.for([
    ['/page', '/page?muse-job=ID'],
    ['/page?', '/page?muse-job=ID'],
    ['/a%20b/page.ai?topic=x%26y&n=1', '/a%20b/page.ai?topic=x%26y&n=1&muse-job=ID'],
    ['/page?cache-bypass=1&muse-job=old&a=b', '/page?a=b&muse-job=ID'],
    ['/page?cache-bypass=10', '/page?cache-bypass=10&muse-job=ID'],
    ['http://www.example.org:81/page?a', '/page?a&muse-job=ID'],
    ['http://www.example.org', '/?muse-job=ID'],
    ['//elsewhere.example/page', '/elsewhere.example/page?muse-job=ID'],
    ['/größe?ä=\r\n', '/gr%C3%B6%C3%9Fe?%C3%A4=%0D%0A&muse-job=ID'],
  ] as const)('for %j', ([uri, location]) => {
    expect(locationOf(uri, 'ID')).toBe(location);
  });
});
