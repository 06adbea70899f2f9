/** The commands of `muse`, in the order in which help lists them. */

import { checkCommand } from './check-command.ts';
import type { Command } from './command.ts';
import { completionCommand } from './completion.ts';
import { modelsCommand } from './models-command.ts';
import { purgeCommand } from './purge-command.ts';
import { renderCommand } from './render-command.ts';
import { statusCommand } from './status-command.ts';
import { tryCommand } from './try-command.ts';
import { warmCommand } from './warm-command.ts';

export const commands: readonly Command[] = [
  checkCommand,
  renderCommand,
  tryCommand,
  modelsCommand,
  warmCommand,
  purgeCommand,
  statusCommand,
  completionCommand(() => commands),
];
