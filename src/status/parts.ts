/** The parts of the status page, each by the id of its section: numbers as HTML. */

import { HISTORY, type View } from './feed.ts';
import {
  bar,
  bytes,
  card,
  count,
  duration,
  escapeMarkup,
  type Html,
  money,
  row,
  share,
  table,
} from './html.ts';
import { OUTCOMES, type OutcomeName, type Snapshot, type Times } from './snapshot.ts';

const MEANINGS: Readonly<Record<OutcomeName, string>> = {
  hit: 'from the cache',
  stale: 'from the cache, past its time',
  joined: 'read along with another visitor',
  miss: 'written for this visitor',
  returned: 'came back for an answer',
  limited: 'over the client’s limit',
  error: 'failed or broken off',
};

/** In the order of the page. */
export function partsOf({ now, rates }: View): ReadonlyMap<string, Html> {
  return new Map([
    ['health', health(now)],
    ['numbers', numbers(now, rates)],
    ['outcomes', outcomes(now)],
    ['times', times(now)],
    ['models', models(now)],
    ['budgets', budgets(now)],
    ['endpoints', endpoints(now)],
    ['engines', engines(now)],
  ]);
}

function health({ status, problems, version }: Snapshot): Html {
  const list = problems.map((each) => `<li>${escapeMarkup(each)}</li>`).join('');
  return (
    `<h1>mod_muse_ai <small>${escapeMarkup(version)}</small></h1>` +
    `<p class="pill ${status}">${status}</p>${list === '' ? '' : `<ul>${list}</ul>`}`
  );
}

function numbers(now: Snapshot, rates: readonly number[]): Html {
  const { requests, cache, engines: all } = now;
  // Who comes back was counted when the answer was asked for.
  const answered = requests.total - requests.limited - requests.returned;
  const unpaid = requests.hit + requests.stale + requests.joined;
  const inFlight = all.reduce((sum, { in_flight }) => sum + in_flight, 0);
  const sum = (field: 'cost' | 'cost_saved') => now.models.reduce((s, m) => s + m[field], 0);
  return [
    card('requests', count(requests.total), curve(rates)),
    card('cached or shared', share(unpaid, answered), 'of the answers'),
    card('being written', count(inFlight), `completions so far: ${count(now.completions)}`),
    card('cost', money(sum('cost')), `${money(sum('cost_saved'))} saved`),
    card('cache', bytes(cache.bytes), `of ${bytes(cache.size)}, ${count(cache.entries)} entries`),
    card(
      'counted for',
      duration(now.uptime_seconds),
      `visitors who left early: ${count(now.abandoned)}`,
    ),
  ].join('');
}

/** The last minute, one point a second. */
function curve(rates: readonly number[]): Html {
  const top = Math.max(1, ...rates);
  const points = rates.map((rate, i) => {
    const x = HISTORY - rates.length + i + 0.5;
    return `${x.toFixed(1)},${(18 - (rate / top) * 16).toFixed(1)}`;
  });
  const latest = rates.at(-1);
  const label = latest === undefined ? 'requests a second' : `${latest.toFixed(1)} a second`;
  return (
    `<svg class="curve" viewBox="0 0 ${HISTORY} 20" preserveAspectRatio="none" role="img" ` +
    `aria-label="${label}"><polyline points="${points.join(' ')}"/></svg>${label}`
  );
}

function outcomes({ requests }: Snapshot): Html {
  const rows = OUTCOMES.map((name) => {
    const n = requests[name];
    return row(
      name,
      bar(n, requests.total, name),
      count(n),
      share(n, requests.total),
      MEANINGS[name],
    );
  });
  return table('Requests', ['outcome', '', 'number', 'share', 'meaning'], rows);
}

function times({ time_to_first_byte, response_time }: Snapshot): Html {
  const bounds = time_to_first_byte.buckets.map(({ le }) => le);
  const rows = bounds.map((le, i) => {
    const name = le === null ? 'longer' : `≤ ${le} s`;
    const [first, whole] = [inBucket(time_to_first_byte, i), inBucket(response_time, i)];
    return row(
      name,
      `${bar(first, time_to_first_byte.count, 'first')}${bar(whole, response_time.count, 'whole')}`,
      count(first),
      count(whole),
    );
  });
  const head = ['time', '', 'first byte', 'whole answer'];
  return table('Times of answers from an engine', head, rows);
}

function inBucket({ buckets }: Times, i: number): number {
  return (buckets[i]?.count ?? 0) - (buckets[i - 1]?.count ?? 0);
}

function models({ models: all }: Snapshot): Html {
  const rows = all.map((model) =>
    row(
      escapeMarkup(model.name),
      count(model.completions),
      count(model.failures),
      count(model.input_tokens),
      count(model.output_tokens),
      money(model.cost),
      money(model.cost_saved),
    ),
  );
  const head = ['model', 'completions', 'failed', 'tokens in', 'tokens out', 'cost', 'saved'];
  return table('Models', head, rows, 'No model has been asked yet.');
}

function budgets({ budgets: all }: Snapshot): Html {
  const rows = all.map(({ name, unit, limit, used, gone }) => {
    const amount = unit === 'cost' ? money : count;
    const shown = Math.min(used, limit);
    return row(
      escapeMarkup(name),
      bar(gone ? 1 : shown, gone ? 1 : limit, gone ? 'error' : 'hit'),
      `${amount(used)} of ${amount(limit)} ${unit}`,
      gone ? '<span class="pill resting">used up</span>' : share(shown, limit),
    );
  });
  const head = ['budget', '', 'used today', ''];
  return table('Budgets', head, rows, 'No budget has been used yet.');
}

function endpoints({ endpoints: all, engines: running }: Snapshot): Html {
  const several = running.length > 1;
  const rows = all.map(({ engine, model, url, state, active, rest_seconds }) =>
    row(
      escapeMarkup(model),
      url === '' ? 'no network' : escapeMarkup(url),
      `<span class="pill ${state}">${state}</span>`,
      count(active),
      rest_seconds > 0 ? `${Math.ceil(rest_seconds)} s` : '–',
      ...(several ? [String(engine)] : []),
    ),
  );
  const head = ['model', 'endpoint', 'state', 'calls', 'rests', ...(several ? ['engine'] : [])];
  return table('Endpoints', head, rows, 'No endpoint is known yet.');
}

function engines({ engines: all }: Snapshot): Html {
  const rows = all.map(({ engine, up, state, restarts, in_flight }) => {
    const word = up || state !== 'ready' ? state : 'stands still';
    const pill = `<span class="pill ${up ? 'up' : 'down'}">${word}</span>`;
    return row(String(engine), pill, count(in_flight), count(restarts));
  });
  return table('Engines', ['engine', 'state', 'being written', 'restarts'], rows);
}
