import { expect, test } from 'vitest';
import { CallCounts } from '../../src/call-counts.ts';
import { buildModel } from '../../src/models/model.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { chainRequest } from './support/chain.ts';

function modelNamed(name: string) {
  const fields = { name, stream_usage: true, price: { input: 1, output: 2 } };
  return buildModel(modelSchema.parse(fields), {});
}

test('an answer that came to nothing counts with what it took, beside the one that did not', () => {
  const used: [string, string, number][] = [];
  const counts = new CallCounts({ count() {}, addUsage: (...use) => used.push(use) }, 0);
  const call = { model: modelNamed('asked'), request: chainRequest, path: '/', traceparent: '' };
  const observed = counts.started(call);
  observed.wasted({ writer: call.model, usage: { inputTokens: 7, outputTokens: 0 } });
  observed.ended(modelNamed('other'), {
    reason: 'stop',
    usage: { inputTokens: 8, outputTokens: 9 },
  });
  expect(used.filter(([, use]) => use !== 'cost')).toEqual([
    ['asked', 'completions', 1],
    ['asked', 'inputTokens', 7],
    ['asked', 'outputTokens', 0],
    ['other', 'inputTokens', 8],
    ['other', 'outputTokens', 9],
  ]);
  expect(counts.underWay).toBe(0);
});

test('an answer that failed counts with what it took, for the model that wrote it', () => {
  const used: [string, string, number][] = [];
  const counts = new CallCounts({ count() {}, addUsage: (...use) => used.push(use) }, 0);
  const call = { model: modelNamed('asked'), request: chainRequest, path: '/', traceparent: '' };
  const usage = { inputTokens: 10, outputTokens: 100 };
  counts.started(call).failed(new Error('empty'), { writer: modelNamed('other'), usage });
  counts.started(call).failed(new Error('slow'));
  expect(used).toEqual([
    ['asked', 'completions', 1],
    ['asked', 'failures', 1],
    ['other', 'inputTokens', 10],
    ['other', 'outputTokens', 100],
    ['other', 'cost', 210_000],
    ['asked', 'completions', 1],
    ['asked', 'failures', 1],
  ]);
  expect(counts.underWay).toBe(0);
});
