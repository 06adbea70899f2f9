import { describe, expect, test } from 'vitest';
import { readRequest } from '../../src/request.ts';

const read = (params: Record<string, string>) =>
  readRequest(new Map(Object.entries({ SCRIPT_FILENAME: '/www/page.ai', ...params })));

describe('a request’s parameters', () => {
  test('have defaults for all but the file', () => {
    expect(read({})).toEqual({
      method: 'GET',
      file: '/www/page.ai',
      path: '/',
      query: '',
      pageKey: undefined,
      model: undefined,
      modelDefault: undefined,
      backend: undefined,
      cache: 'on',
      cacheTtl: undefined,
      cacheStale: undefined,
      isStale: false,
      isPrompt: false,
      isRefresh: false,
      promptsDir: undefined,
      scripts: false,
      streaming: true,
      promptsMinify: false,
      maxTokens: undefined,
      timeout: 300,
      maxPageSize: 2_097_152,
      maxInput: 16_384,
      budgets: [],
      bodyType: undefined,
      bodyCoding: undefined,
      finishAbandoned: false,
      server: ':',
      uri: '/',
      accept: undefined,
      lastEventId: undefined,
      prefer: undefined,
      deferredId: undefined,
      env: new Map(),
    });
    expect(() => readRequest(new Map())).toThrow(/SCRIPT_FILENAME.*is missing/);
  });

  test('are read as what they are', () => {
    const asked = read({
      REQUEST_METHOD: 'GET',
      DOCUMENT_URI: '/a b',
      QUERY_STRING: 'q=1',
      MUSE_PAGE_KEY: 'ab'.repeat(20),
      MUSE_MODEL: 'chosen',
      MUSE_MODEL_DEFAULT: 'directory',
      MUSE_BACKEND: '3',
      MUSE_CACHE: 'bypass',
      MUSE_CACHE_TTL: '0',
      MUSE_CACHE_STALE: '60',
      MUSE_STALE: '1',
      MUSE_REFRESH: '1',
      MUSE_SCRIPTS: '1',
      MUSE_PROMPTS_DIR: '/prompts',
      MUSE_PROMPTS_MINIFY: '1',
      MUSE_STREAMING: 'off',
      MUSE_MAX_TOKENS: '0',
      MUSE_TIMEOUT: '20',
      MUSE_MAX_PAGE_SIZE: '4096',
      MUSE_ABANDONED: 'finish',
      SERVER_NAME: 'www.example.org',
      SERVER_PORT: '80',
      REQUEST_URI: '/a%20b?q=1',
      HTTP_ACCEPT: 'text/event-stream',
      HTTP_LAST_EVENT_ID: '3-00000000',
      HTTP_PREFER: 'wait=1',
      MUSE_JOB: '',
      MUSE_ENV_TONE: 'friendly',
      MUSE_ENV_EMPTY: '',
    });
    expect(asked).toMatchObject({
      path: '/a b',
      query: 'q=1',
      model: 'chosen',
      modelDefault: 'directory',
      backend: '3',
      cache: 'bypass',
      cacheTtl: 0,
      cacheStale: 60,
      isStale: true,
      isRefresh: true,
      promptsDir: '/prompts',
      scripts: true,
      streaming: false,
      promptsMinify: true,
      maxTokens: 0,
      timeout: 20,
      maxPageSize: 4_096,
      finishAbandoned: true,
      server: 'www.example.org:80',
      uri: '/a%20b?q=1',
      accept: 'text/event-stream',
      lastEventId: '3-00000000',
      prefer: 'wait=1',
      deferredId: '',
    });
    expect(asked.pageKey).toEqual(Buffer.alloc(20, 0xab));
    expect([...asked.env]).toEqual([
      ['TONE', 'friendly'],
      ['EMPTY', ''],
    ]);
  });

  test.for([
    ['MUSE_CACHE', 'maybe'],
    ['MUSE_CACHE_TTL', '-1'],
    ['MUSE_TIMEOUT', '1e99'],
    ['MUSE_PAGE_KEY', 'abc'],
  ] as const)('are refused when %s is "%s"', ([name, value]) => {
    expect(() => read({ [name]: value })).toThrow(new RegExp(`${name}.*${value}.*not understood`));
  });
});
