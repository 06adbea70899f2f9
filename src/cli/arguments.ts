/** The command line into a call, by node:util's parser. */

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { messageOf } from '../errors.ts';
import { didYouMean } from '../suggest.ts';
import { type Command, Complaint, MISUSED, type Option, Options } from './command.ts';

/** Options of every command. */
export const COMMON: readonly Option[] = [
  { name: 'json', help: 'the result as JSON, for programs' },
  { name: 'help', short: 'h', help: 'this text' },
];

export interface Line {
  readonly words: readonly string[];
  readonly options: Options;
}

/** @throws {Complaint} when an option is unknown, or there are too few or too many arguments. */
export function readLine(command: Command, args: readonly string[]): Line {
  const all = [...command.options, ...COMMON];
  let parsed: { positionals: string[]; values: Record<string, unknown> };
  try {
    const config = configOf(all);
    parsed = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    throw misused(command, describe(messageOf(error), all));
  }
  const { positionals: words, values } = parsed;
  const options = new Options(values);
  if (!options.has('help')) {
    if (words.length < command.least) throw misused(command, `${command.takes} is missing.`);
    if (words.length > command.most) {
      throw misused(command, `There is an argument too many: "${words[command.most]}".`);
    }
  }
  return { words, options };
}

function configOf(options: readonly Option[]): ParseArgsOptionsConfig {
  return Object.fromEntries(
    options.map(({ name, short, value, multiple = false }) => [
      name,
      {
        type: value === undefined ? 'boolean' : 'string',
        multiple,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
}

/** node:util's first sentence is for people, the rest for programmers. */
function describe(message: string, options: readonly Option[]): string {
  const unknown = /^Unknown option '--?([^']+)'/.exec(message)?.[1];
  if (unknown === undefined) return message;
  const known = options.map(({ name }) => name);
  return `There is no option --${unknown}.${didYouMean(unknown, known)}`;
}

function misused({ name }: Command, text: string): Complaint {
  return new Complaint(`${text} "muse ${name} --help" tells more.`, MISUSED);
}
