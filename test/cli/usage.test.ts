import { describe, expect, test } from 'vitest';
import { folderWith, inShell, launcher, muse } from './muse.ts';

const NAMES = ['check', 'render', 'try', 'models', 'warm', 'purge', 'status', 'completion'];
const ESCAPE = '\u001b';

test('help names every command, and each has help of its own', async () => {
  const { status, out } = await muse(['--help']);
  expect(status).toBe(0);
  for (const name of NAMES) {
    expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    const help = await muse([name, '--help']);
    expect([help.status, help.err]).toEqual([0, '']);
    expect(help.out).toContain(`Usage: muse ${name}`);
    expect(help.out).toContain('--json');
  }
});

test('the version is the package’s', async () => {
  expect(await muse(['--version'])).toEqual({ status: 0, out: 'muse 0.1.0\n', err: '' });
});

describe('what can’t be understood is told on standard error, with status 2', () => {
  test.for([
    [['rendr'], 'There is no command "rendr". Did you mean "render"?'],
    [['render'], 'PAGE is missing. "muse render --help" tells more.'],
    [['render', 'a.ai', 'b.ai'], 'There is an argument too many: "b.ai".'],
    [['render', 'a.ai', '--qury', 'a=b'], 'There is no option --qury. Did you mean "query"?'],
    [['warm', '/', '-c', 'many'], '--concurrency is a number from 1 to 64, not "many".'],
    [['render', launcher, '-q', 'b'], '--query is NAME=VALUE, not "b".'],
    [['purge'], 'Name pages, or say --all.'],
    [['completion', 'fish'], 'There is completion for bash and zsh only.'],
  ] as const)('muse %j', async ([args, said]) => {
    const { status, out, err } = await muse(args);
    expect([status, out]).toEqual([2, '']);
    expect(err).toContain(`error: ${said}`);
  });

  test('with --json standard output has it, too', async () => {
    const { status, out } = await muse(['purge', '--json']);
    expect([status, JSON.parse(out)]).toEqual([
      2,
      { error: expect.stringContaining('Name pages') },
    ]);
  });

  test('without a command there is help', async () => {
    const { status, out } = await muse([]);
    expect([status, out]).toEqual([2, expect.stringContaining('Usage: muse COMMAND')]);
  });
});

describe('colours', () => {
  // What it says goes through a terminal of its own.
  const onTerminal = (env = {}) => {
    const folder = folderWith({ 'page.ai': '{{ nothing }}' });
    const command = `script -qec '${launcher} check page.ai' /dev/null`;
    return inShell('bash', command, { cwd: folder, env: { TERM: 'xterm', ...env } });
  };

  test('are there on a terminal', async () => {
    expect((await onTerminal()).out).toContain(ESCAPE);
  });

  test('are not there where NO_COLOR is set, nor in a pipe', async () => {
    const plain = await onTerminal({ NO_COLOR: '1' });
    expect(plain.out).toContain('there is no "nothing"');
    expect(plain.out).not.toContain(ESCAPE);
    const folder = folderWith({ 'page.ai': '{{ nothing }}' });
    const piped = await muse(['check', 'page.ai'], { cwd: folder, env: { TERM: 'xterm' } });
    expect(piped.out).toContain('there is no "nothing"');
    expect(`${piped.out}${piped.err}`).not.toContain(ESCAPE);
  });
});

test('the launcher starts it from any folder, by way of a link', async () => {
  const folder = folderWith({});
  const { status, out } = await inShell('sh', `ln -s '${launcher}' here && ./here --version`, {
    cwd: folder,
  });
  expect([status, out]).toEqual([0, 'muse 0.1.0\n']);
});
