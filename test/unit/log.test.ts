import { describe, expect, test } from 'vitest';
import { FAILURES, MuseError } from '../../src/errors.ts';
import { EVENTS, LEVELS } from '../../src/events.ts';
import { createLog, oneLine, stderrSink } from '../../src/log.ts';
import { withoutQuotes } from '../../src/quotes.ts';
import { Secrets } from '../../src/secrets.ts';

function linesAt(threshold: Parameters<typeof createLog>[1], secrets = new Secrets()) {
  const lines: string[] = [];
  return {
    lines,
    log: createLog(
      stderrSink((line) => lines.push(line)),
      threshold,
      secrets,
    ),
  };
}

describe('a log line', () => {
  test('carries the syslog level for the supervisor, the number and the text', () => {
    const { lines, log } = linesAt('info');
    log.write('models-invalid', 'a');
    log.write('provider-busy', 'b');
    log.write('model-without-variable', 'c');
    log.write('models-loaded', 'd');
    expect(lines).toEqual([
      '<3>MUSE0211: a\n',
      '<4>MUSE0242: b\n',
      '<5>MUSE0214: c\n',
      '<6>MUSE0210: d\n',
    ]);
  });

  test('is dropped below the threshold, and kept at trace levels', () => {
    const warn = linesAt('warn');
    const trace = linesAt('trace');
    for (const { log } of [warn, trace]) {
      log.write('models-loaded', 'info');
      log.write('provider-busy', 'warn');
      log.write('models-invalid', 'error');
    }
    expect(warn.lines).toHaveLength(2);
    expect(trace.lines).toHaveLength(3);
  });

  test('stays one line whatever is in the text, and is cut when it is long', () => {
    expect(oneLine('a\nb\rc\td\0e\u001b[31mf\u2028g\u0085')).toBe(
      'a\\nb\\rc\\td\\u0000e\\u001b[31mf\\u2028g\\u0085',
    );
    expect(oneLine('x'.repeat(10_000)).length).toBeLessThan(2_100);
  });

  test('never shows a key that is known, nor what looks like one', () => {
    const secrets = new Secrets();
    secrets.add('c0ffee-not-like-a-key');
    secrets.add(undefined);
    secrets.add('');
    const { lines, log } = linesAt('info', secrets);
    log.write('provider-failed', 'sent c0ffee-not-like-a-key twice: c0ffee-not-like-a-key');
    log.write('provider-failed', 'Incorrect API key provided: sk-live-Ex4mpleK3y****.');
    log.write('provider-failed', 'header Authorization: Bearer abcdef.ghi');
    expect(lines.join('')).not.toMatch(/c0ffee|live|Ex4m|abcdef/);
    expect(lines[0]).toContain('sent [hidden] twice: [hidden]');
  });
});

describe('the table of events', () => {
  test('gives each number once, all of them the engine’s', () => {
    const numbers = Object.values(EVENTS).map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const { number, level } of Object.values(EVENTS)) {
      expect(number).toMatch(/^MUSE0[2-9]\d\d$/);
      expect(LEVELS).toContain(level);
    }
  });

  test('has every failure, and no failure tells a visitor a name or a number', () => {
    for (const [code, { status, visitor }] of Object.entries(FAILURES)) {
      expect(EVENTS).toHaveProperty(code);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(visitor).toMatch(/^[A-Z][^\d"/]*\.$/);
    }
  });
});

test('whatever is thrown becomes a MuseError whose cause is kept apart from its message', () => {
  const known = new MuseError('page-missing', 'x');
  expect(MuseError.from(known)).toBe(known);
  const mistake = MuseError.from(new TypeError('undefined is not a function'));
  expect([mistake.code, mistake.status]).toEqual(['request-failed', 500]);
  expect(mistake.cause).toBeInstanceOf(TypeError);
  expect(MuseError.from('text').code).toBe('request-failed');
});

describe('what another server says', () => {
  test('is quoted without what it repeats of the prompt, however it is split', () => {
    const prompt =
      'Write about Wombats-in-secret, for <visitor-input name="q">a private matter</visitor-input>.';
    const said = 'Your prompt "Wombats-in-secret: a private matter" is too long: 9 tokens';
    expect(withoutQuotes(said, [prompt])).toBe('Your prompt "…: …" is too long: 9 tokens');
  });

  test('is quoted whole when it repeats nothing, and cut after 300 characters', () => {
    const said = 'Unsupported value: temperature does not support 0.7 with this model';
    expect(withoutQuotes(said, ['Write about herons.'])).toBe(said);
    expect(withoutQuotes('y'.repeat(1_000), ['Write'])).toHaveLength(301);
  });
});
