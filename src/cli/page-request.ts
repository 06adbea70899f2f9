/** A visitor's request for a page, as httpd would hand it to the engine. */

import { basename, resolve } from 'node:path';
import type { PageRequest } from '../exchange.ts';
import { type Call, Complaint, type Option } from './command.ts';
import { isFolder } from './find-pages.ts';
import { languageOption, readTag } from './language-option.ts';
import { siteOptions } from './site.ts';

/** What a visitor and a directory's configuration would say of a page. */
export const pageOptions: readonly Option[] = [
  {
    name: 'query',
    short: 'q',
    value: 'NAME=VALUE',
    multiple: true,
    help: 'a value of the query, as {{ query.NAME }}',
  },
  {
    name: 'form',
    short: 'f',
    value: 'NAME=VALUE',
    multiple: true,
    help: 'a field of a form, as {{ form.NAME }}: the page is asked for with POST',
  },
  { name: 'path', value: 'PATH', help: 'the URL’s path; by default / and the page’s name' },
  {
    name: 'env',
    value: 'NAME=VALUE',
    multiple: true,
    help: 'a variable of MuseAiEnv, as {{ env.NAME }}',
  },
  { name: 'model', short: 'm', value: 'NAME', help: 'the model, in place of the page’s own' },
  { name: 'prompts', value: 'DIR', help: 'as MuseAiPromptsDir; without it the built-in prompt' },
  { name: 'minify', help: 'as MuseAiPromptsMinify On' },
  { name: 'max-tokens', value: 'NUMBER', help: 'as MuseAiMaxTokens' },
  { name: 'max-input', value: 'BYTES', help: 'as MuseAiMaxInput' },
  { name: 'timeout', value: 'SECONDS', help: 'as MuseAiTimeout' },
  { name: 'scripts', help: 'as MuseAiScripts On' },
  languageOption('the language that the visitor gets'),
  { name: 'languages', value: 'TAG,…', help: 'as MuseAiLanguages; without it --lang alone' },
  ...siteOptions,
];

/** What goes to the engine for one request, save a signal. */
export type Visit = Pick<PageRequest, 'params' | 'body'>;

/** The visit to the page that the call names: with POST if there are fields of a form. */
export function visitOf(call: Call): Visit {
  const params = paramsOf(call);
  const form = call.options.pairs('form');
  if (form.length > 0) {
    params.set('REQUEST_METHOD', 'POST');
    params.set('CONTENT_TYPE', 'application/x-www-form-urlencoded');
  }
  const bytes = Buffer.from(new URLSearchParams(form).toString());
  const body = (async function* () {
    yield bytes;
  })();
  return { params, body };
}

function paramsOf({ words, options }: Call): Map<string, string> {
  const [file = ''] = words;
  if (isFolder(file)) throw new Complaint(`${file} is a folder; name a page in it.`);
  const prompts = options.text('prompts');
  if (prompts !== undefined && !isFolder(prompts)) {
    throw new Complaint(`${prompts} is no folder (--prompts).`);
  }
  const query = new URLSearchParams(options.pairs('query')).toString();
  const path = options.text('path') ?? `/${basename(file).replace(/\.ai$/i, '')}`;
  const model = options.text('model');
  const params = new Map<string, string>([
    ['REQUEST_METHOD', 'GET'],
    ['SCRIPT_FILENAME', resolve(file)],
    ['DOCUMENT_URI', path],
    ['REQUEST_URI', query === '' ? path : `${path}?${query}`],
    ['QUERY_STRING', query],
  ]);
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) params.set(name, value);
  };
  add('MUSE_MODEL', model);
  // Without a models.json it is this one that names the model.
  add('MUSE_MODEL_DEFAULT', model);
  add('MUSE_PROMPTS_DIR', prompts && resolve(prompts));
  if (options.has('minify')) params.set('MUSE_PROMPTS_MINIFY', '1');
  if (options.has('scripts')) params.set('MUSE_SCRIPTS', '1');
  const lang = options.text('lang');
  if (lang !== undefined) {
    add('MUSE_LANG', readTag(lang));
    add('MUSE_LANGUAGES', options.text('languages')?.split(',').map(readTag).join(','));
  }
  const addNumber = (name: string, option: string, least: number, most: number): void => {
    const number = options.number(option, -1, least, most);
    if (number >= 0) params.set(name, String(number));
  };
  addNumber('MUSE_MAX_TOKENS', 'max-tokens', 0, 200_000);
  addNumber('MUSE_MAX_INPUT', 'max-input', 0, 1_048_576);
  addNumber('MUSE_TIMEOUT', 'timeout', 1, 86_400);
  for (const [name, value] of options.pairs('env')) params.set(`MUSE_ENV_${name}`, value);
  return params;
}
