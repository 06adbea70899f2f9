/** The command `muse`: finds the command that is meant, and runs it. */

import { constants } from 'node:os';
import { systemCode } from '../errors.ts';
import { didYouMean } from '../suggest.ts';
import { readLine } from './arguments.ts';
import { Complaint, DONE, FAILED, MISUSED } from './command.ts';
import { commands } from './commands.ts';
import { helpOf, overview } from './help.ts';
import { Output } from './output.ts';

declare const MUSE_VERSION: string;

/** What a shell has for a process that a signal ended. */
const bySignal = (name: 'SIGINT' | 'SIGTERM' | 'SIGPIPE'): number => 128 + constants.signals[name];

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    // Nobody reads any more, as in "muse render page.ai | head": not worth a word.
    process.exit(systemCode(error) === 'EPIPE' ? bySignal('SIGPIPE') : FAILED);
  });
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    process.exitCode = bySignal(name);
    // The second time, at once.
    if (interrupted.signal.aborted) process.exit();
    interrupted.abort(new Error(`ended by ${name}`));
  });
}

const [name = '', ...args] = process.argv.slice(2);
const output = new Output({
  out: process.stdout,
  err: process.stderr,
  json: args.includes('--json'),
});
const status = await run().catch((error: unknown) => {
  if (interrupted.signal.aborted) return DONE;
  if (!(error instanceof Complaint)) throw error;
  output.error(error.message);
  output.json({ error: error.message });
  return error.status;
});
if (!interrupted.signal.aborted) process.exitCode = status;
// What still waits (a connection that is kept, a timer) is of no use any more.
process.exit();

async function run(): Promise<number> {
  if (name === '--version') return say(`muse ${MUSE_VERSION}`);
  if (name === '' || name === '--help' || name === '-h' || name === 'help') {
    const of = commands.find((each) => each.name === args[0]);
    say(of === undefined ? overview(commands, MUSE_VERSION) : helpOf(of));
    return name === '' ? MISUSED : DONE;
  }
  const command = commands.find((each) => each.name === name);
  if (command === undefined) {
    const names = commands.map((each) => each.name);
    const text = `There is no command "${name}".${didYouMean(name, names)} "muse --help" lists them.`;
    throw new Complaint(text, MISUSED);
  }
  const { words, options } = readLine(command, args);
  if (options.has('help')) return say(helpOf(command));
  const { signal } = interrupted;
  return command.run({ words, options, output, environment: process.env, signal });
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return DONE;
}
