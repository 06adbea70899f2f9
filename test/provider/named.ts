import { numberedPage, samplePage } from './pages.ts';
import { cut, fail, type Script, say, stall, stream, text } from './script.ts';

/**
 * Behaviour by model name, for use without a test: `page`, `status-429`, `stall`, `cut`,
 * `truncated`, or `tokens-200` with `,delay-10` (ms between tokens) and `,first-500` (ms before
 * the first), as in `tokens-200,delay-10`. Any other name writes the sample page.
 */
export function scriptByName(model: string): Script {
  const settings = new Map<string, number>();
  for (const part of model.split(',')) {
    const match = /^(tokens|delay|first|status)-(\d+)$/.exec(part.trim());
    if (match?.[1] !== undefined) settings.set(match[1], Number(match[2]));
  }
  const status = settings.get('status');
  if (status !== undefined) return fail(status, status === 429 ? { retryAfter: 30 } : {});
  if (model === 'stall') return stream([stall()]);
  if (model === 'cut') return stream([text('<!doctype html><title>Cut</title><p>And then'), cut()]);
  const tokens = settings.get('tokens');
  const delay = settings.get('delay');
  const first = settings.get('first');
  return say(tokens === undefined ? samplePage(model) : numberedPage(tokens), {
    ...(delay === undefined ? {} : { betweenMs: delay }),
    ...(first === undefined ? {} : { firstMs: first }),
    finish: model === 'truncated' ? 'length' : 'stop',
  });
}
