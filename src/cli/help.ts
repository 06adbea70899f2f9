/** The texts of `muse --help` and `muse COMMAND --help`. */

import { COMMON } from './arguments.ts';
import type { Command, Option } from './command.ts';
import { columns } from './output.ts';

export function overview(commands: readonly Command[], version: string): string {
  return [
    `muse ${version}: checks, tries and looks after the pages of mod_muse_ai`,
    '',
    'Usage: muse COMMAND [OPTION…] [ARGUMENT…]',
    '',
    ...indented(columns(commands.map(({ name, summary }) => [name, summary]))),
    '',
    '"muse COMMAND --help" tells more of each. All know --json. Colours are for terminals; NO_COLOR',
    'switches them off. Exit status: 0 done, 1 something is wrong, 2 the command line is.',
  ].join('\n');
}

export function helpOf(command: Command): string {
  const { name, summary, takes, options, details } = command;
  return [
    `muse ${name}: ${summary}`,
    '',
    `Usage: muse ${name} [OPTION…] ${takes}`.trimEnd(),
    '',
    ...indented(columns([...options, ...COMMON].map(rowOf))),
    '',
    details,
  ].join('\n');
}

function rowOf({ name, short, value, help }: Option): string[] {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return [short === undefined ? long : `-${short}, ${long}`, help];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
