import type { Command } from 'commander';
import { listBays } from '../api/bays.js';
import { listTemplates } from '../api/templates.js';
import { CommandFailure } from '../failure.js';
import { SHELLS } from '../credentials/shells.js';
import type { Beginning } from './begin.js';

export function registerCompletion(program: Command, beginning: Beginning): void {
  program
    .command('completion')
    .summary('print a script that completes commands and names')
    .description('Use it as: source <(bay completion bash)')
    .argument('<shell>', 'bash')
    .action((shell: string, _options: object, command: Command) => {
      if (shell !== 'bash')
        throw new CommandFailure('usage', `There is no completion for "${shell}". There is one for: bash.`);
      beginning.context(command).stdout.write(renderBashCompletion(program));
    });
  program
    .command('completion-names', { hidden: true })
    .argument('<kind>')
    .action(async (kind: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const all = kind === 'templates' ? await listTemplates(session) : await listBays(session);
      for (const { name } of all) if (PLAIN_NAME.test(name)) context.stdout.write(`${name}\n`);
    });
}

/**
 * Names that are offered. bash expands the words that `compgen -W` is given, so a template called `$(reboot)`, which
 * another project may have published, must never come near it.
 */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** The script, made from the commands themselves, so that it knows each of them. */
export function renderBashCompletion(program: Command): string {
  const paths = commandPaths(program, '');
  const known = paths.flatMap(({ path }) => (path === '' ? [] : [`"${path}"`]));
  const cases = paths.map(({ path, command }) => {
    const words = [...visibleCommands(command).map((each) => each.name()), ...optionsOf(command), '--json', '--help'];
    const names = takesBay(command) ? ' bays' : takesTemplate(command) ? ' templates' : '';
    return `    "${path}") words="${words.join(' ')}"; names="${names.trim()}" ;;`;
  });
  return `# bash completion for bay: source <(bay completion bash)
_bay() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path="" words="" names="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
      ${known.join(' | ')}) path="$path \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$previous" in
    -t | --template) words=""; names=templates ;;
    -s | --shell) words="${SHELLS.join(' ')}"; names="" ;;
    -d | --dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  if [[ -n $names && $current != -* ]]; then
    words="$words $(bay completion-names "$names" 2>/dev/null)"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _bay bay
`;
}

function commandPaths(command: Command, path: string): readonly { path: string; command: Command }[] {
  const below = visibleCommands(command).flatMap((each) => commandPaths(each, `${path} ${each.name()}`));
  return [{ path, command }, ...below];
}

function visibleCommands(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');
}

function optionsOf(command: Command): readonly string[] {
  return command.options
    .filter((option) => !option.hidden && option.long !== '--json')
    .map((option) => option.long ?? option.short ?? '');
}

function takesBay(command: Command): boolean {
  return command.registeredArguments[0]?.name() === 'bay';
}

function takesTemplate(command: Command): boolean {
  return command.registeredArguments[0]?.name() === 'template';
}
