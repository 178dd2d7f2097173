import { Command, CommanderError } from 'commander';
import { registerAccounts } from './commands/accounts.js';
import { registerArtifacts } from './commands/artifacts.js';
import { registerAutoscale } from './commands/autoscale.js';
import { registerBayViews } from './commands/bays.js';
import { Beginning } from './commands/begin.js';
import { registerCatalogue } from './commands/catalogue.js';
import { registerCertificates } from './commands/certificates.js';
import { registerCompletion } from './commands/completion.js';
import { registerCredentials } from './commands/credentials.js';
import { registerEvents } from './commands/events.js';
import { registerLifecycle } from './commands/lifecycle.js';
import { registerLogin } from './commands/login.js';
import { registerNodeGroups } from './commands/node-groups.js';
import { registerOperators } from './commands/operators.js';
import { registerPeople } from './commands/people.js';
import { registerQuotas } from './commands/quotas.js';
import { registerRebuild } from './commands/rebuild.js';
import { registerRenewal } from './commands/renewal.js';
import { registerTemplates } from './commands/templates.js';
import { registerTop } from './commands/top.js';
import { registerVersion } from './commands/version.js';
import { printFailure, type Process } from './context.js';
import { CommandFailure, failureOf } from './failure.js';
import { OUTPUT_FORMATS, parseFormat } from './output/structured.js';
import { CLIENT_VERSION } from './version.js';

const EXIT_CODE_HELP = `
Exit codes:
  0 done                          5 not logged in, or the login expired
  1 the service failed            6 the bay failed (its reason is printed)
  2 wrong use                     7 waited too long (--wait-timeout)
  3 refused by the service        8 the service can't be reached
  4 no such bay or template       130 ended by Ctrl-C`;

/** All commands. Nothing in here ends the process: what goes wrong is thrown, and {@link runProgram} reports it. */
export function createProgram(process: Process): Command {
  const program = new Command('bay');
  program
    .description('Container clusters as a service: create, scale and use bays.')
    .version(CLIENT_VERSION)
    .option('-o, --output <format>', `how to print results: ${OUTPUT_FORMATS.join(', ')}`, parseFormat)
    .option('--json', 'the same as --output json; errors are JSON on stderr')
    .option('--profile <name>', 'use the login of this name (also: BAY_PROFILE); see: bay profiles')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', EXIT_CODE_HELP)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => process.stderr.write(text),
      // Reported once, in our own form, by runProgram.
      outputError: () => undefined,
    })
    .exitOverride();
  const beginning = new Beginning(process);
  program.commandsGroup('Bays:');
  registerLifecycle(program, beginning);
  registerRebuild(program, beginning);
  registerRenewal(program, beginning);
  registerBayViews(program, beginning);
  registerTop(program, beginning);
  registerNodeGroups(program, beginning);
  registerAutoscale(program, beginning);
  registerEvents(program, beginning);
  program.commandsGroup('Using a bay:');
  registerCredentials(program, beginning);
  registerCertificates(program, beginning);
  program.commandsGroup('Templates:');
  registerTemplates(program, beginning);
  program.commandsGroup('Catalogue:');
  registerCatalogue(program, beginning);
  program.commandsGroup('Administration:');
  registerQuotas(program, beginning);
  registerPeople(program, beginning);
  registerOperators(program, beginning);
  registerArtifacts(program, beginning);
  program.commandsGroup('This program:');
  registerLogin(program, beginning);
  registerAccounts(program, beginning);
  registerVersion(program, beginning);
  registerCompletion(program, beginning);
  return program;
}

/** Runs one command line (without the names of node and script) and returns the exit code. */
export async function runProgram(process: Process, words: readonly string[]): Promise<number> {
  const program = createProgram(process);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = error instanceof CommanderError ? usageFailure(error, helpFor(program, words)) : failureOf(error);
    printFailure(process.stderr, wantsJson(words), failure);
    return failure.exitCode;
  }
}

/** Read from the words themselves: what is wrong may be how they are put together. */
function wantsJson(words: readonly string[]): boolean {
  return words.some(
    (word, index) =>
      /^(?:--json|--output=json|-o=?json)$/.test(word) ||
      (/^(?:-o|--output)$/.test(word) && words[index + 1] === 'json'),
  );
}

/** How to ask for help with the command that the words begin with. */
function helpFor(program: Command, words: readonly string[]): string {
  let command = program;
  const names = ['bay'];
  for (const word of words.filter((each) => !each.startsWith('-'))) {
    const named = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (named === undefined) break;
    command = named;
    names.push(named.name());
  }
  return [...names, '--help'].join(' ');
}

function usageFailure(error: CommanderError, help: string): CommandFailure {
  if (error.code === 'commander.help') return new CommandFailure('usage', 'Name a command; the list is above.');
  if (error.code === 'commander.missingMandatoryOptionValue' && error.message.includes('--template')) {
    return new CommandFailure('usage', 'Name a template with --template. List them with: bay templates');
  }
  // commander appends its suggestion on a line of its own.
  const text = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?)!]$/.test(text) ? '' : '.'}`;
  return new CommandFailure('usage', `${sentence} See: ${help}`);
}
