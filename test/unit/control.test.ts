import { duplexPair } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { openControl } from '../../src/control.ts';

function open() {
  const [engine, supervisor] = duplexPair();
  return { control: openControl(engine), engine, supervisor: supervisor.setEncoding('utf8') };
}

describe('the control line', () => {
  test('brings the settings, byte by byte, and takes "ready" back', async () => {
    const { control, supervisor } = open();
    for (const byte of Buffer.from('{"server":"bücher.example"}\n')) {
      supervisor.write(Buffer.of(byte));
    }
    expect(await control.settings).toBe('{"server":"bücher.example"}');
    const answer = new Promise((resolve) => supervisor.once('data', resolve));
    control.ready();
    expect(await answer).toBe('ready\n');
  });

  test('asks for the drain, also in one piece with the settings', async () => {
    const { control, supervisor } = open();
    supervisor.write('{}\ndrain\n');
    expect(await control.settings).toBe('{}');
    await control.drain;
  });

  test('brings the settings of thousands of virtual hosts in linear time', async () => {
    const { control, supervisor } = open();
    const piece = 'x'.repeat(65_536);
    const before = process.cpuUsage();
    for (let i = 0; i < 512; i += 1) supervisor.write(piece);
    supervisor.write('\n');
    expect((await control.settings).length).toBe(512 * piece.length);
    // To look through all of it at each piece takes many seconds.
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(2_500);
  });

  test('tells by its end that httpd is gone', async () => {
    const { control, supervisor } = open();
    supervisor.write('{}\n');
    await control.settings;
    supervisor.end();
    await control.gone;
  });

  test('that ends before the settings is an error that says so', async () => {
    const { control, supervisor } = open();
    supervisor.end('{"vers');
    await expect(control.settings).rejects.toThrow(/before it sent the settings/);
    await control.gone;
  });

  test('that breaks counts as ended', async () => {
    const { control, engine } = open();
    engine.destroy(new Error('reset'));
    await expect(control.settings).rejects.toThrow();
    await control.gone;
  });
});
