/** The `preview` provider: no network and no AI; it shows the prompt that a model would get. */

import { isHtml, isJson, MARKDOWN } from '../media-type.ts';
import type { Model } from '../models/model.ts';
import type { CompletionRequest, Provider } from './provider.ts';
import { samplingOf } from './sampling.ts';

export function createPreviewProvider(model: Model): Provider {
  return {
    async complete(request, sink, signal) {
      const pieces = piecesOf(model, request);
      for (const text of pieces) {
        signal.throwIfAborted();
        if (sink.chunk === undefined) sink.text(text);
        else sink.chunk({ choices: [{ delta: { content: text } }] }, true);
        // Lets the piece leave before the next one is made, as a model's pieces do.
        await new Promise((resolve) => setImmediate(resolve));
      }
      signal.throwIfAborted();
      sink.chunk?.({ choices: [{ delta: {}, finish_reason: 'stop' }] }, false);
      return { reason: 'stop' };
    },
  };
}

function piecesOf(model: Model, request: CompletionRequest): string[] {
  if (isHtml(request.contentType)) return htmlPieces(model, request);
  if (isJson(request.contentType)) return [jsonText(model, request)];
  return request.contentType === MARKDOWN
    ? markdownPieces(model, request)
    : textPieces(model, request);
}

function jsonText(model: Model, request: CompletionRequest): string {
  const about = 'no model wrote this; it is the prompt that a language model would get';
  const { messages } = request;
  const preview = {
    preview: about,
    messages,
    settings: Object.fromEntries(settings(model, request)),
  };
  return JSON.stringify(preview, null, 2);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5a6478; --paper: #f6f7fb;
  --card: #fff; --line: #dfe3ec; --accent: #4a3fd0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf2; --soft: #a3abc0; --paper: #14161d;
  --card: #1d2029; --line: #343947; --accent: #a79fff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0.25rem 0 0.75rem; }
h2 { font-size: 1rem; margin: 0 0 0.5rem; color: var(--accent); }
p { color: var(--soft); margin: 0 0 1.5rem; }
.tag { display: inline-block; font-size: 0.8rem; font-weight: 600; color: var(--accent);
  border: 1px solid currentColor; border-radius: 99px; padding: 0.05rem 0.75rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem;
  padding: 1.1rem 1.25rem; margin: 0 0 1rem; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere;
  font: 0.9rem/1.55 ui-monospace, monospace; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }`;

const TITLES = {
  system: 'What the site says to the model',
  user: 'What this page says to it',
  assistant: 'What the model is said to have answered',
};

function htmlPieces(model: Model, request: CompletionRequest): string[] {
  const sections = request.messages.map(
    ({ role, content }) =>
      `<section><h2>${TITLES[role]}</h2><pre>${escapeMarkup(content)}</pre></section>\n`,
  );
  const rows = settings(model, request).map(
    ([name, value]) => `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}</dd>`,
  );
  return [
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n' +
      '<meta name="viewport" content="width=device-width, initial-scale=1">\n' +
      `<title>Preview</title>\n<style>${STYLE}\n</style>\n</head>\n<body>\n<main>\n`,
    '<span class="tag">Preview</span>\n<h1>No model wrote this page</h1>\n' +
      `<p>The model “${escapeMarkup(model.name)}” has the provider “preview”: it shows the prompt ` +
      'that a language model would get. Give models.json a model with an endpoint, and this address ' +
      'shows the page that it writes.</p>\n',
    ...sections.reverse(),
    `<section><h2>Settings</h2><dl>${rows.join('\n')}</dl></section>\n`,
    '</main>\n</body>\n</html>\n',
  ];
}

function markdownPieces(model: Model, request: CompletionRequest): string[] {
  return [
    '# Preview\n\nNo model wrote this; it is the prompt that a language model would get.\n\n',
    ...request.messages.map(({ role, content }) => `## ${TITLES[role]}\n\n${quoted(content)}\n\n`),
    '## Settings\n\n',
    settings(model, request)
      .map(([name, value]) => `- ${name}: ${value}\n`)
      .join(''),
  ];
}

/** As code, in which nothing of it means anything. */
function quoted(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

function textPieces(model: Model, request: CompletionRequest): string[] {
  return [
    'Preview: no model wrote this; it is the prompt that a language model would get.\n\n',
    ...request.messages.map(({ role, content }) => `[${role}]\n${content}\n\n`),
    settings(model, request)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join(''),
  ];
}

function settings(model: Model, request: CompletionRequest): [string, string][] {
  const { temperature, topP, maxTokens, stop } = samplingOf(request, model);
  const all: [string, unknown][] = [
    ['model', model.name],
    ['temperature', temperature],
    ['top_p', topP],
    ['max_tokens', maxTokens],
    ['stop', stop?.join(' ')],
    ['content type', request.contentType],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
