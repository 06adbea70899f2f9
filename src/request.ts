/** What httpd asks for, as typed values: the parameters of one request, checked once. */

import { type Budget, readBudgets } from './budget/budget.ts';
import { MuseError } from './errors.ts';
import type { FileMark } from './files.ts';
import { type Language, readLanguage } from './site-languages.ts';

/** `on`: look up and store. `bypass`: store only. `off`: neither. */
export type CacheMode = 'on' | 'bypass' | 'off';

export interface Asked {
  readonly method: string;
  /** Absolute path of the `.ai` file. */
  readonly file: string;
  /** As httpd saw it a moment ago. */
  readonly fileMark: FileMark | undefined;
  /** The URL's path, decoded. */
  readonly path: string;
  /** The query as sent, without the question mark. */
  readonly query: string;
  /** 20 bytes under which an alias may be stored. */
  readonly pageKey: Buffer | undefined;
  /** Chosen by the environment or a header: wins over the page's own. */
  readonly model: string | undefined;
  /** MuseAiModel of the directory: the page's own wins over it. */
  readonly modelDefault: string | undefined;
  /** The name of what calls are made with; undefined: the main server's. */
  readonly backend: string | undefined;
  readonly cache: CacheMode;
  /** Seconds. */
  readonly cacheTtl: number | undefined;
  /** Seconds for which a page is kept beyond its ttl. */
  readonly cacheStale: number | undefined;
  /** Whether what httpd has of the page is stale. */
  readonly isStale: boolean;
  /** Whether nobody waits for the answer: the page is to be written anew for the cache. */
  readonly isRefresh: boolean;
  /** Whether a page may have scripts. */
  readonly scripts: boolean;
  /** Whether a page is sent while it is written, or in one piece at its end. */
  readonly streaming: boolean;
  /** Whether the visitor sends the prompt: there is no file. */
  readonly isPrompt: boolean;
  readonly promptsDir: string | undefined;
  readonly promptsMinify: boolean;
  /** 0: leave it out of the provider request. */
  readonly maxTokens: number | undefined;
  /** MuseAiBudget of the directories that it belongs to. */
  readonly budgets: readonly Budget[];
  /** Seconds for the whole page. */
  readonly timeout: number;
  /** Bytes after which an answer breaks off. */
  readonly maxPageSize: number;
  /** Bytes that a visitor's values may have in the prompt. */
  readonly maxInput: number;
  /** Of the request's body. */
  readonly bodyType: string | undefined;
  readonly bodyCoding: string | undefined;
  /** Whether an answer is written to its end though its last reader has left. */
  readonly finishAbandoned: boolean;
  /** Which server's page this is: what a deferred answer belongs to, beside path and file. */
  readonly server: string;
  /** The URL as sent: path and query. */
  readonly uri: string;
  /** Accept, where it names events. */
  readonly accept: string | undefined;
  readonly lastEventId: string | undefined;
  /** Prefer, where it could matter. */
  readonly prefer: string | undefined;
  /** Names a deferred answer, unchecked. */
  readonly deferredId: string | undefined;
  /** The visitor's trace, as sent. */
  readonly traceparent: string | undefined;
  /** Chosen for the visitor; undefined: this directory has no languages. */
  readonly language: Language | undefined;
  /** Declared environment variables, by name. */
  readonly env: ReadonlyMap<string, string>;
}

const ENV_PREFIX = 'MUSE_ENV_';
const TIMEOUT_DEFAULT = 300;
const PAGE_SIZE_DEFAULT = 2_097_152;
const INPUT_DEFAULT = 16_384;

/**
 * The request behind `params`.
 *
 * @throws {MuseError} `request-invalid` when a parameter is missing or out of its range.
 */
export function readRequest(params: ReadonlyMap<string, string>): Asked {
  const file = params.get('SCRIPT_FILENAME');
  if (!file) throw invalid('SCRIPT_FILENAME', file);
  return {
    method: params.get('REQUEST_METHOD') ?? 'GET',
    file,
    path: params.get('DOCUMENT_URI') ?? '/',
    query: params.get('QUERY_STRING') ?? '',
    fileMark: readMark(params.get('MUSE_FILE_MARK')),
    pageKey: readKey(params.get('MUSE_PAGE_KEY')),
    model: params.get('MUSE_MODEL') || undefined,
    modelDefault: params.get('MUSE_MODEL_DEFAULT') || undefined,
    backend: params.get('MUSE_BACKEND'),
    cache: readCacheMode(params.get('MUSE_CACHE')),
    cacheTtl: readNumber(params, 'MUSE_CACHE_TTL'),
    cacheStale: readNumber(params, 'MUSE_CACHE_STALE'),
    isStale: params.get('MUSE_STALE') === '1',
    isRefresh: params.get('MUSE_REFRESH') === '1',
    scripts: params.get('MUSE_SCRIPTS') === '1',
    streaming: params.get('MUSE_STREAMING') !== 'off',
    isPrompt: params.get('MUSE_PROMPT') === '1',
    promptsDir: params.get('MUSE_PROMPTS_DIR') || undefined,
    promptsMinify: params.get('MUSE_PROMPTS_MINIFY') === '1',
    maxTokens: readNumber(params, 'MUSE_MAX_TOKENS'),
    budgets: readBudgets(params.get('MUSE_BUDGETS')),
    timeout: readNumber(params, 'MUSE_TIMEOUT') || TIMEOUT_DEFAULT,
    maxPageSize: readNumber(params, 'MUSE_MAX_PAGE_SIZE') ?? PAGE_SIZE_DEFAULT,
    maxInput: readNumber(params, 'MUSE_MAX_INPUT') ?? INPUT_DEFAULT,
    bodyType: params.get('CONTENT_TYPE'),
    bodyCoding: params.get('HTTP_CONTENT_ENCODING'),
    finishAbandoned: params.get('MUSE_ABANDONED') === 'finish',
    server: `${params.get('SERVER_NAME') ?? ''}:${params.get('SERVER_PORT') ?? ''}`,
    uri: params.get('REQUEST_URI') ?? '/',
    accept: params.get('HTTP_ACCEPT'),
    lastEventId: params.get('HTTP_LAST_EVENT_ID'),
    prefer: params.get('HTTP_PREFER'),
    deferredId: params.get('MUSE_JOB'),
    traceparent: params.get('HTTP_TRACEPARENT'),
    language: readLanguage(params.get('MUSE_LANG'), params.get('MUSE_LANGUAGES')),
    env: readEnv(params),
  };
}

/** Microseconds of the last change, bytes, inode. */
function readMark(text: string | undefined): FileMark | undefined {
  if (!text) return undefined;
  const [changed, size, inode] = text.split(' ').map(Number);
  if (changed === undefined || size === undefined || inode === undefined) {
    throw invalid('MUSE_FILE_MARK', text);
  }
  return { changedMs: changed / 1_000, size, inode };
}

function readKey(text: string | undefined): Buffer | undefined {
  if (!text) return undefined;
  if (!/^[0-9a-f]{40}$/i.test(text)) throw invalid('MUSE_PAGE_KEY', text);
  return Buffer.from(text, 'hex');
}

function readCacheMode(text: string | undefined): CacheMode {
  if (text === undefined || text === 'on') return 'on';
  if (text === 'off' || text === 'bypass') return text;
  throw invalid('MUSE_CACHE', text);
}

function readNumber(params: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = params.get(name);
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalid(name, text);
  return Number(text);
}

function readEnv(params: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const env = new Map<string, string>();
  for (const [name, value] of params) {
    if (name.startsWith(ENV_PREFIX)) env.set(name.slice(ENV_PREFIX.length), value);
  }
  return env;
}

function invalid(name: string, value: string | undefined): MuseError {
  const found = value === undefined ? 'is missing' : `is "${value}", which is not understood`;
  return new MuseError(
    'request-invalid',
    `the parameter ${name} from httpd ${found}; are module and engine of the same version?`,
  );
}
