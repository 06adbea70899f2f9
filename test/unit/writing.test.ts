import { describe, expect, test } from 'vitest';
import type { CallObserver } from '../../src/calls.ts';
import { createCleaner } from '../../src/cleaning/cleaner.ts';
import { MuseError } from '../../src/errors.ts';
import { buildModel } from '../../src/models/model.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { createPreviewProvider } from '../../src/providers/preview.ts';
import type { CompletionRequest, Usage } from '../../src/providers/provider.ts';
import { createWriter } from '../../src/writing.ts';
import { ListLog } from './support/log.ts';
import {
  eventsOf,
  finish,
  reasoning,
  type Step,
  StepProvider,
  writer as takenOver,
  text,
} from './support/provider.ts';

const request: CompletionRequest = {
  messages: [
    { role: 'system', content: 'Be <kind>.' },
    { role: 'user', content: 'Write & draw.' },
  ],
  temperature: 0.5,
  maxTokens: 100,
  contentType: 'text/html; charset=utf-8',
  timeout: 300,
};
const never = new AbortController().signal;
const page = '<!DOCTYPE html><html><head><title>T</title></head><body><p>x</p></body></html>';

function writing(fields: object, ...steps: Step[]) {
  const model = buildModel(modelSchema.parse({ name: 'm', ...fields }), {});
  const log = new ListLog();
  const counts = { started: 0, failed: 0 };
  const wasted: (Usage | undefined)[] = [];
  const calls: CallObserver = {
    started() {
      counts.started++;
      return {
        wasted() {},
        ended() {},
        failed(_, used) {
          counts.failed++;
          wasted.push(used?.usage);
        },
        aborted() {},
      };
    },
  };
  const writer = createWriter({
    provider: new StepProvider(...steps),
    request,
    model,
    cleanerFor: ({ reasoning: mode }) => createCleaner({ contentType: 'html', reasoning: mode }),
    calls,
    cause: { path: '/page', traceparent: undefined },
    log,
  });
  let body = '';
  const write = (signal = never) =>
    writer.write((piece) => {
      body += piece;
    }, signal);
  return { writer, write, log, counts, wasted, body: () => body };
}

describe('an answer', () => {
  test('is cleaned on its way, and complete when the model says stop', async () => {
    const { write, body, counts } = writing(
      {},
      text('```html\n'),
      text(page),
      text('\n```'),
      finish(),
    );
    expect(await write()).toMatchObject({ reason: 'stop' });
    expect(body().trim()).toBe(page);
    expect(counts).toEqual({ started: 1, failed: 0 });
  });

  test.for([
    ['length', 'answer-truncated', /max_tokens/],
    ['content_filter', 'answer-filtered', /content_filter/],
    ['other', 'answer-filtered', /other/],
  ] as const)(
    'that ends with %s is served, logged, and not complete',
    async ([reason, event, told]) => {
      const { write, body, log } = writing({}, text('<!DOCTYPE html><p>Once'), finish(reason));
      expect(await write()).toMatchObject({ reason });
      expect(body()).toContain('Once');
      expect(log.events).toMatchObject([{ event, text: told }]);
    },
  );

  test('that is cut short by its limit says so to the visitor', async () => {
    const { write, body } = writing({}, text('<!DOCTYPE html><p>Once'), finish('length'));
    await write();
    expect(body()).toMatch(/Once.*role="alert"/s);
  });

  test.for([
    ['nothing', [finish()], /white space/],
    ['white space', [text(' \n'), finish()], /white space/],
    ['reasoning alone', [reasoning('Hm.'), text('<think>So.</think>'), finish()], /no answer/],
    ['reasoning up to its limit', [text('<think>So'), finish('length')], /raise max_tokens/],
  ] as const)('of %s is an error, with nothing sent', async ([, steps, told]) => {
    const { write, body, counts } = writing({}, ...steps);
    await expect(write()).rejects.toMatchObject({
      code: 'answer-empty',
      message: expect.stringMatching(told),
    });
    expect(body()).toBe('');
    expect(counts.failed).toBe(1);
  });

  test('shows its reasoning only where the model says so', async () => {
    const steps = [reasoning('Hm, herons.'), text(page), finish()];
    const hidden = writing({}, ...steps);
    await hidden.write();
    expect(hidden.body()).toBe(page);
    const shown = writing({ reasoning: 'show' }, ...steps);
    await shown.write();
    expect(shown.body()).toMatch(/<details.*Hm, herons\..*<\/details>/s);
  });

  test('is the substitute’s, with its reasoning, price and name, once that has taken over', async () => {
    const other = buildModel(
      modelSchema.parse({
        name: 'other',
        reasoning: 'show',
        stream_usage: true,
        price: { input: 1, output: 1 },
      }),
      {},
    );
    const usage = { inputTokens: 2_000, outputTokens: 500 };
    const steps: Step[] = [reasoning('Hm, herons.'), text(page)];
    const own = writing({}, ...steps, finish());
    await own.write();
    expect(own.writer.substitute()).toBeUndefined();
    const { body, log, write, writer } = writing({}, takenOver(other), ...steps, {
      type: 'finish',
      reason: 'length',
      usage,
    });
    await write();
    expect(writer.substitute()).toBe(other);
    expect(body()).toMatch(/Hm, herons\./);
    expect(log.events).toMatchObject([
      { event: 'answer-usage', text: expect.stringMatching(/^model "other".*cost 0\.002500/) },
      { event: 'answer-truncated', text: expect.stringContaining('model "other"') },
    ]);
  });

  test('tells what it cost, where tokens and prices are known', async () => {
    const usage = { inputTokens: 2_000, outputTokens: 500 };
    const steps: Step[] = [text(page), { type: 'finish', reason: 'stop', usage }];
    const free = writing({}, ...steps);
    await free.write();
    expect(free.log.events).toEqual([
      { event: 'answer-usage', text: 'model "m": 2000 tokens in, 500 tokens out' },
    ]);
    const paid = writing({ stream_usage: true, price: { input: 0.5, output: 2 } }, ...steps);
    await paid.write();
    expect(paid.log.events[0]?.text).toMatch(/, cost 0\.002000$/);
  });

  test('that is none is counted with what it cost all the same', async () => {
    const usage = { inputTokens: 2_000, outputTokens: 100 };
    const end: Step = { type: 'finish', reason: 'length', usage };
    const failed = writing({ stream_usage: true }, reasoning('Hm …'), end);
    await expect(failed.write()).rejects.toMatchObject({ code: 'answer-empty' });
    expect(failed.wasted).toEqual([usage]);
    const slow = writing({}, new MuseError('provider-slow', 'x'));
    await expect(slow.write()).rejects.toMatchObject({ code: 'provider-slow' });
    expect(slow.wasted).toEqual([undefined]);
  });

  test('that fails is counted, but not when its reader left', async () => {
    const failed = writing({}, text(page), new MuseError('provider-slow', 'x'));
    await expect(failed.write()).rejects.toMatchObject({ code: 'provider-slow' });
    expect(failed.counts).toEqual({ started: 1, failed: 1 });
    expect(failed.writer.notice(new MuseError('provider-slow', 'x'))).toContain('role="alert"');

    const left = writing({}, text(page), new Promise(() => {}));
    const reader = new AbortController();
    const writingOn = left.write(reader.signal);
    reader.abort(new Error('left'));
    await expect(writingOn).rejects.toThrow('left');
    expect(left.counts).toEqual({ started: 1, failed: 0 });
  });
});

describe('the preview', () => {
  const preview = createPreviewProvider(
    buildModel(modelSchema.parse({ name: 'pre<view', provider: 'preview', top_p: 0.9 }), {}),
  );

  async function collect(change: Partial<CompletionRequest> = {}) {
    const pieces: string[] = [];
    for await (const event of eventsOf(preview, { ...request, ...change })) {
      if (event.type === 'text') pieces.push(event.text);
      else expect(event).toEqual({ type: 'finish', reason: 'stop' });
    }
    return pieces;
  }

  test('is a whole page in several pieces that shows prompt and settings, escaped', async () => {
    const pieces = await collect();
    const html = pieces.join('');
    expect(pieces.length).toBeGreaterThan(3);
    expect(html).toMatch(/^<!DOCTYPE html>\n<html lang="en">/);
    expect(html).toMatch(/<\/html>\n$/);
    expect(html).toContain('No model wrote this page');
    for (const shown of [
      'Be &lt;kind&gt;.',
      'Write &amp; draw.',
      'pre&lt;view',
      '0.5',
      '0.9',
      '100',
    ]) {
      expect(html).toContain(shown);
    }
    expect(html).not.toMatch(/<script|https?:|pre<view/);
  });

  test('passes the cleaner byte for byte', async () => {
    const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
    const pieces = await collect();
    const cleaned = pieces.map((piece) => cleaner.push(piece)).join('') + cleaner.end();
    expect(cleaned.trim()).toBe(pieces.join('').trim());
  });

  test('of another media type is plain text', async () => {
    const plain = (await collect({ contentType: 'text/plain; charset=utf-8' })).join('');
    expect(plain).toMatch(/^Preview: no model wrote this/);
    expect(plain).toContain('Be <kind>.');
    expect(plain).not.toContain('<p>');
  });

  test('stops when its reader leaves', async () => {
    const reader = new AbortController();
    const events = eventsOf(preview, request, reader.signal);
    await events.next();
    reader.abort(new Error('left'));
    await expect(events.next()).rejects.toThrow('left');
  });
});
