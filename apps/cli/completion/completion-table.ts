import type { Command, Option } from 'commander';
import { SHELLS } from '../credentials/shells.js';
import { OUTPUT_FORMATS } from '../output/structured.js';

/** Names that only the service (or this machine) knows; `bay completion-names` tells them. */
type NameKind = 'bays' | 'templates' | 'profiles';

/** What may stand after a command, made from the commands themselves, so that it knows each of them. */
interface CompletedCommand {
  /** Words that lead to it, each with a space before it; empty for `bay` itself. */
  readonly path: string;
  /** Its subcommands and options. */
  readonly words: readonly string[];
  readonly names: NameKind | null;
}

interface CompletedOption {
  /** Its forms: `-t`, `--template`. */
  readonly flags: readonly string[];
  readonly values: readonly string[] | NameKind | 'folders';
}

export interface CompletionTable {
  readonly commands: readonly CompletedCommand[];
  readonly options: readonly CompletedOption[];
}

export function completionTable(program: Command): CompletionTable {
  const global = optionsOf(program).filter((word) => word !== '--version');
  return {
    commands: commandsOf(program, '', global),
    options: [
      { flags: ['-t', '--template'], values: 'templates' },
      { flags: ['-s', '--shell'], values: SHELLS },
      { flags: ['-o', '--output'], values: OUTPUT_FORMATS },
      { flags: ['--profile'], values: 'profiles' },
      { flags: ['-d', '--dir'], values: 'folders' },
    ],
  };
}

function commandsOf(command: Command, path: string, global: readonly string[]): readonly CompletedCommand[] {
  const below = visibleCommands(command);
  const own = path === '' ? [] : optionsOf(command);
  const words = [...below.map((each) => each.name()), ...own, ...global, '--help'];
  return [
    { path, words, names: namesOf(command) },
    // A command's other names are known, and not offered beside it.
    ...below.flatMap((each) =>
      [each.name(), ...each.aliases()].flatMap((name) => commandsOf(each, `${path} ${name}`, global)),
    ),
  ];
}

function visibleCommands(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');
}

function optionsOf(command: Command): readonly string[] {
  return command.options.filter((option: Option) => !option.hidden).map((option) => option.long ?? option.short ?? '');
}

/** A group of commands stands for one of its own, so what that takes may follow too. */
function namesOf(command: Command): NameKind | null {
  const [first] = command.registeredArguments;
  if (first?.name() === 'bay') return 'bays';
  if (first?.name() === 'template') return 'templates';
  return first?.name() === 'profile' ? 'profiles' : null;
}
