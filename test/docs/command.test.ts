import { describe, expect, test } from 'vitest';
import type { Option } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { Document, tableRows } from './document.ts';

const howto = new Document('HOWTO.md');
const titles = commands.map(({ name, takes }) => `muse ${name} ${takes}`.trim());

test('the reference has every command with its arguments, and no other', () => {
  const documented = howto.subsections('The command muse').map(({ title }) => title);
  expect(documented.sort()).toEqual([...titles].sort());
});

/** An option as the reference writes it. */
function written({ name, short, value }: Option): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? `\`${long}\`` : `\`${long}\`, \`-${short}\``;
}

describe('the reference has every option of a command, and no other', () => {
  // "try" refers to "render", whose options it shares.
  const own = commands.filter(({ name }) => name !== 'try');
  test.each(own.map((command) => [command.name, command] as const))('muse %s', (_, command) => {
    const { text } = howto.section(`muse ${command.name} ${command.takes}`.trim());
    const rows = tableRows(text).map(([cell = '']) => cell);
    expect(rows.sort()).toEqual(command.options.map(written).sort());
  });

  test('muse try has those of muse render', () => {
    const [render, attempt] = ['render', 'try'].map((name) =>
      commands.find((command) => command.name === name),
    );
    expect(attempt?.options).toBe(render?.options);
  });
});
