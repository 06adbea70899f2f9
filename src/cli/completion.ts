/** `muse completion bash|zsh`: what a shell has to know to complete a command line of `muse`. */

import { COMMON } from './arguments.ts';
import { type Command, Complaint, DONE, MISUSED } from './command.ts';

const SHELLS = ['bash', 'zsh'] as const;

/** The command that prints the script for a shell. `commands`: the others. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'prints what bash or zsh need to complete command lines',
    takes: 'bash|zsh',
    least: 1,
    most: 1,
    completes: 'nothing',
    options: [],
    details:
      'For bash:  muse completion bash > /etc/bash_completion.d/muse\n' +
      'For zsh:   muse completion zsh > /usr/local/share/zsh/site-functions/_muse',
    async run({ words: [shell = ''], output }) {
      const scripts = { bash: bashScript, zsh: zshScript };
      const known = SHELLS.find((each) => each === shell);
      if (known === undefined) {
        throw new Complaint(`There is completion for ${SHELLS.join(' and ')} only.`, MISUSED);
      }
      const script = scripts[known](commands());
      output.json({ shell, script });
      output.line(script.trimEnd());
      return DONE;
    },
  };
}

function bashScript(commands: readonly Command[]): string {
  const cases = commands.map(
    (command) =>
      `    ${command.name}) words='${optionsOf(command).join(' ')}'; ` +
      `args='${command.name === 'completion' ? SHELLS.join(' ') : ''}'; ` +
      `files=${command.completes === 'files' ? 1 : 0} ;;`,
  );
  return `# bash completion for muse
_muse() {
  local word=\${COMP_WORDS[COMP_CWORD]} words args files
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    *) return ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  elif [[ -n $args ]]; then
    COMPREPLY=($(compgen -W "$args" -- "$word"))
  elif ((files)); then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -F _muse muse
`;
}

function zshScript(commands: readonly Command[]): string {
  const names = commands.map(({ name, summary }) => `    '${name}:${quoted(summary)}'`);
  const cases = commands.map(
    (command) =>
      `    ${command.name}) _arguments ${zshOptions(command).join(' ')} ` +
      `'*:argument:${zshArguments(command)}' ;;`,
  );
  return `#compdef muse
_muse() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _muse ]]; then
  _muse "$@"
else
  compdef _muse muse
fi
`;
}

function zshArguments({ name, completes }: Command): string {
  if (name === 'completion') return `(${SHELLS.join(' ')})`;
  return completes === 'files' ? '_files' : '';
}

function zshOptions({ options }: Command): string[] {
  return [...options, ...COMMON].map(({ name, value, multiple, help }) => {
    const argument = value === undefined ? '' : `:${value}:_files`;
    return `'${multiple ? '*' : ''}--${name}[${quoted(help)}]${argument}'`;
  });
}

function optionsOf({ options }: Command): string[] {
  return [...options, ...COMMON].map(({ name }) => `--${name}`);
}

/** For single quotes, with what zsh reads in a description escaped. */
function quoted(text: string): string {
  return text.replaceAll("'", '’').replace(/[[\]:\\]/g, '\\$&');
}
