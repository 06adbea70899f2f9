/**
 * What a visitor asks where no page is: the prompt of a query or a form, or the messages of a POST.
 * Its words are the user's message by intent; the system's message stays the site's own.
 */

import { z } from 'zod';
import { MuseError } from '../errors.ts';
import { readBody } from '../forms/body.ts';
import { readForm } from '../forms/form.ts';
import { formTypeOf } from '../forms/media-type.ts';
import type { Message } from '../pages/messages.ts';
import type { ParsedPage } from '../pages/page-store.ts';
import type { Asked } from '../request.ts';

type Body = AsyncIterable<Uint8Array>;

const textPart = z.looseObject({ type: z.literal('text'), text: z.string() });
const message = z.looseObject({
  role: z.enum(['user', 'assistant']),
  content: z.union([z.string(), z.array(textPart)]),
});
/** Programs send more, such as a model: which one it is, the site decides. */
const posted = z.looseObject({ messages: z.array(message).min(1) });

/**
 * A page that says what the visitor says; without a body, what the query says.
 *
 * @throws {MuseError} `prompt-invalid`, or `input-too-large` above MuseAiMaxInput; neither repeats
 *   anything of what was sent. As `readForm` does, for what is no form.
 */
export async function pageOfPrompt(asked: Asked, body: Body | undefined): Promise<ParsedPage> {
  const conversation = await read(asked, body);
  const prompt = conversation.at(-1)?.content ?? '';
  return {
    // Whoever sends the same again gets the same page, by GET or by POST.
    page: { file: asked.file, settings: { cache_post: true }, template: '', templateLine: 1 },
    template: { usesForm: true, render: () => prompt },
    conversation,
  };
}

async function read(asked: Asked, body: Body | undefined): Promise<Message[]> {
  const { method } = asked;
  // Of other methods nothing is written.
  if (method !== 'POST' && method !== 'GET' && method !== 'HEAD') return [];
  const conversation =
    method === 'POST' && body !== undefined ? await readPosted(asked, body) : readQuery(asked);
  if (conversation.at(-1)?.content.trim() === '') {
    throw invalid('the last message, or the prompt, is empty');
  }
  checkLength(conversation, asked);
  return conversation;
}

function readQuery({ query }: Asked): Message[] {
  const prompt = new URLSearchParams(query).get('prompt');
  if (prompt === null) throw invalid('there is no ?prompt=, and no message was posted');
  return [{ role: 'user', content: prompt }];
}

async function readPosted(asked: Asked, body: Body): Promise<Message[]> {
  if (formTypeOf(asked).kind !== 'json') {
    const [, prompt] = [...(await readForm(asked, body))].find(([name]) => name === 'prompt') ?? [];
    if (typeof prompt !== 'string') throw invalid('the form has no field "prompt"');
    return [{ role: 'user', content: prompt }];
  }
  const parsed = posted.safeParse(parseJson((await readBody(asked.file, body)).toString()));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join('.') || 'the body'}: ${issue?.message}`);
  }
  return parsed.data.messages.map(({ role, content }) => ({
    role,
    content: typeof content === 'string' ? content : content.map(({ text }) => text).join('\n'),
  }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says quotes the text.
    throw invalid('the body is not JSON');
  }
}

function checkLength(conversation: readonly Message[], { maxInput, method }: Asked): void {
  const bytes = conversation.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  if (bytes <= maxInput) return;
  const text = `a visitor’s prompt has ${bytes} bytes; MuseAiMaxInput allows ${maxInput}`;
  throw new MuseError('input-too-large', text, { status: method === 'POST' ? undefined : 414 });
}

function invalid(what: string): MuseError {
  const right = 'send ?prompt=TEXT, or POST {"messages": [{"role": "user", "content": "TEXT"}]}';
  return new MuseError('prompt-invalid', `a visitor’s prompt is refused: ${what}; ${right}`);
}
