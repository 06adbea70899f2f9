import { describe, expect, test } from 'vitest';
import { StatusFeed, type View } from '../../src/status/feed.ts';
import { createStatusPage, isForStatus } from '../../src/status/handler.ts';
import { partsOf } from '../../src/status/parts.ts';
import type { Snapshot } from '../../src/status/snapshot.ts';
import { ManualClock } from './support/clock.ts';
import { collectGarbage } from './support/garbage.ts';
import { pageRequest, RecordedReply } from './support/reply.ts';

const times = {
  buckets: [
    { le: 0.1, count: 1 },
    { le: null, count: 3 },
  ],
  count: 3,
  sum: 2,
};

function snapshot(changes: Partial<Snapshot> = {}, hit = 0): Snapshot {
  return {
    status: 'ok',
    problems: [],
    version: '1.2.3',
    uptime_seconds: 3_723,
    requests: { total: hit, hit, stale: 0, joined: 0, miss: 0, returned: 0, limited: 0, error: 0 },
    abandoned: 0,
    completions: 0,
    completions_failed: 0,
    time_to_first_byte: times,
    response_time: times,
    models: [],
    engines: [{ engine: 0, up: true, state: 'ready', restarts: 0, in_flight: 0, models: 'loaded' }],
    budgets: [],
    endpoints: [],
    cache: { entries: 1, bytes: 2_048, size: 66_058_240, evicted: 0 },
    ...changes,
  };
}

describe('the parts of the status page', () => {
  const part = (id: string, view: Snapshot, rates: number[] = []) =>
    partsOf({ now: view, rates }).get(id) ?? '';

  test('escape what others named', () => {
    const name = '<script>"&';
    const use = { completions: 1, failures: 0, input_tokens: 0, output_tokens: 0 };
    const models = [{ name, ...use, cost: 0, cost_saved: 0 }];
    const endpoint = { engine: 0, active: 0, rest_seconds: 0.2, state: 'resting' } as const;
    const endpoints = [{ ...endpoint, model: name, url: name }];
    const view = snapshot({ models, endpoints, problems: [name] });
    for (const html of partsOf({ now: view, rates: [] }).values()) {
      expect(html).not.toContain('<script>');
    }
    expect(part('models', view)).toContain('&lt;script&gt;&quot;&amp;');
    expect(part('endpoints', view)).toContain('<td>1 s</td>');
  });

  test('show how much of each budget is used', () => {
    const budgets = [
      { name: '<a>', unit: 'tokens', limit: 2_000, used: 500, gone: false },
      { name: 'b', unit: 'cost', limit: 0, used: 0, gone: true },
    ] as const;
    const html = part('budgets', snapshot({ budgets }));
    expect(html).toMatch(/&lt;a&gt;.*500 of 2,000 tokens<\/td><td>25\.0 %/);
    expect(html).toMatch(/>b<.*0 of 0 cost<\/td><td><span class="pill resting">used up/);
    expect(part('budgets', snapshot())).toContain('No budget has been used yet.');
  });

  test('have numbers as people read them, and none where there is nothing to share', () => {
    const view = snapshot({}, 1_234);
    expect(part('numbers', view)).toContain('1,234');
    expect(part('numbers', view)).toContain('1 h 2 min');
    expect(part('numbers', view)).toContain('2.0 KB');
    expect(part('outcomes', view)).toContain('100.0 %');
    expect(part('outcomes', snapshot())).not.toContain('NaN');
    expect(part('numbers', snapshot({ uptime_seconds: 200_000 }))).toContain('2 d 7 h');
    expect(part('models', snapshot())).toContain('No model has been asked yet.');
  });

  test('show how many answers each bucket has, not how many up to it', () => {
    expect(part('times', snapshot())).toMatch(/longer<\/th>.*<td>2<\/td><td>2<\/td>/s);
  });

  test('draw the curve of the last minute', () => {
    const points = (rates: number[]) =>
      /points="([^"]*)"/.exec(part('numbers', snapshot(), rates))?.[1];
    expect(points([])).toBe('');
    expect(points([0, 4])).toBe('58.5,18.0 59.5,2.0');
  });
});

describe('the feed', () => {
  test('looks only while it is watched, and tells the rate from look to look', () => {
    const clock = new ManualClock();
    let looks = 0;
    const take = () => {
      looks += 1;
      return JSON.stringify(snapshot({}, looks * 10));
    };
    const feed = new StatusFeed(take, clock);
    clock.advance(10_000);
    expect(looks).toBe(0);
    const views: View[] = [];
    const stop = feed.watch((view) => views.push(view));
    for (let i = 0; i < 3; i++) clock.advance(1_000);
    expect(views.map(({ rates }) => rates)).toEqual([[], [10], [10, 10]]);
    stop();
    clock.advance(10_000);
    expect(looks).toBe(3);
  });
});

describe('the events', () => {
  test('have only what changed, and end when the engine is to end', async () => {
    const clock = new ManualClock();
    let now = snapshot();
    const ending = new AbortController();
    const feed = new StatusFeed(() => JSON.stringify(now), clock);
    const page = createStatusPage({ feed, clock, ending: ending.signal });
    const request = pageRequest('', { MUSE_ADMIN: 'status', HTTP_ACCEPT: 'text/event-stream' });
    expect(isForStatus(request)).toBe(true);
    expect(isForStatus(pageRequest('/page.ai'))).toBe(false);
    const reply = new RecordedReply();
    const over = page(request, reply);
    const events = () =>
      reply.pieces.slice(1).map((piece) => Object.keys(JSON.parse(piece.replace('data: ', ''))));
    expect(events()[0]).toContain('engines');
    clock.advance(1_000);
    clock.advance(1_000);
    now = snapshot({ status: 'degraded' });
    clock.advance(1_000);
    expect(events()[1]).toEqual([]);
    expect(events().at(-1)).toContain('health');
    expect(events().at(-1)).not.toContain('engines');
    ending.abort();
    await over;
    expect(reply.outcome).toBe('whole');
    const pieces = reply.pieces.length;
    clock.advance(5_000);
    expect(reply.pieces).toHaveLength(pieces);
  });

  test('of a reader who has gone keep nothing in memory', async () => {
    const clock = new ManualClock();
    const ending = new AbortController();
    const feed = new StatusFeed(() => JSON.stringify(snapshot()), clock);
    const page = createStatusPage({ feed, clock, ending: ending.signal });
    const visit = async (leaves: boolean): Promise<WeakRef<object>> => {
      const visitor = new AbortController();
      const params = { MUSE_ADMIN: 'status', HTTP_ACCEPT: 'text/event-stream' };
      const reply = new RecordedReply();
      const over = page(pageRequest('', params, visitor.signal), reply);
      if (leaves) visitor.abort();
      else clock.advance(60_000);
      await over;
      expect(reply.outcome).toBe('whole');
      return new WeakRef(reply);
    };
    const replies = [await visit(false), await visit(true)];
    await collectGarbage();
    expect(replies.filter((reply) => reply.deref() !== undefined)).toEqual([]);
  });
});
