import type { Argument, Command, Option } from 'commander';
import { CommandFailure, FAILURE_CODES } from './failure.js';

const MEANINGS: Readonly<Record<(typeof FAILURE_CODES)[number], string>> = {
  unexpected: 'the service failed, or answered what can’t be understood',
  usage: 'wrong use; also a file in the way',
  refused: 'the service refused (4xx), with its reason',
  'not-found': 'there is no such bay, template, node group, project or user',
  unauthenticated: 'not logged in, or the login expired',
  'bay-failed': 'the bay failed; its `status_reason` is printed',
  'wait-timeout': '`--wait-timeout` passed; the bay goes on',
  'cannot-connect': 'the service can’t be reached',
  interrupted: 'Ctrl-C, or “no” to a question',
};

/** All commands as a page of Markdown, from the same table as the program itself. */
export function renderReference(program: Command): string {
  const commands = commandsOf(program, 'bay');
  return [
    '# The commands of `bay`',
    '<!-- Generated: `node apps/cli/dist/print-reference.js > docs/generated/cli.md`. Do not edit. -->',
    'Options of every command:',
    ...[listOf(program.options.filter(({ long }) => long !== '--version'))],
    '## Exit codes',
    codes(),
    ...commands.flatMap(({ path, command }) => section(path, command)),
    '',
  ].join('\n\n');
}

function codes(): string {
  const rows = FAILURE_CODES.map((code) => {
    const { exitCode } = new CommandFailure(code, '');
    return `| ${exitCode} | \`${code}\` | ${MEANINGS[code]} |`;
  });
  return ['| exit code | `code` | meaning |', '| --- | --- | --- |', '| 0 |  | done |', ...rows].join('\n');
}

interface Found {
  readonly path: string;
  readonly command: Command;
}

function commandsOf(command: Command, path: string): readonly Found[] {
  const shown = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');
  return shown.flatMap((each) => {
    const own = `${path} ${each.name()}`;
    return [{ path: own, command: each }, ...commandsOf(each, own)];
  });
}

function section(path: string, command: Command): readonly string[] {
  const words = command.registeredArguments.map(wordOf);
  const isGroup = command.commands.length > 0;
  const usage = [path, ...words, ...(command.options.length > 0 ? ['[options]'] : [])].join(' ');
  const aliases = command.aliases().map((alias) => `\`${alias}\``);
  const { length } = path.split(' ');
  const summary = command.summary();
  const about = command.description();
  return [
    `${'#'.repeat(Math.min(length, 4))} \`${path}\``,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.${aliases.length === 0 ? '' : ` Also: ${aliases.join(', ')}.`}`,
    ...(about === '' || about === summary ? [] : [about]),
    ...(isGroup ? [] : [`    ${usage}`]),
    ...(command.registeredArguments.some(({ description }) => description !== '')
      ? [command.registeredArguments.map((one) => `- \`${wordOf(one)}\`: ${one.description}`).join('\n')]
      : []),
    ...(command.options.length === 0 ? [] : [listOf(command.options)]),
  ];
}

function listOf(options: readonly Option[]): string {
  return options
    .filter((option) => !option.hidden)
    .map(({ flags, description, mandatory, defaultValue }) => {
      const notes = [
        ...(mandatory ? ['must be given'] : []),
        ...(typeof defaultValue === 'string' || typeof defaultValue === 'number'
          ? [`default: ${String(defaultValue)}`]
          : []),
      ];
      return `- \`${flags}\`: ${description}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
    })
    .join('\n');
}

function wordOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
