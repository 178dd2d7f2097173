import type { Command } from 'commander';
import { createContext, type CommandContext, type Environment, type Process } from '../context.js';
import { CommandFailure } from '../failure.js';
import { parseDuration } from '../output/durations.js';
import type { OutputFormat } from '../output/structured.js';
import { askYes } from '../session/password.js';
import { checkProfile, loadLogin } from '../session/saved-login.js';
import { openSession, type Session } from '../session/session.js';

interface GlobalOptions {
  readonly json?: boolean;
  readonly output?: OutputFormat;
  readonly profile?: string;
}

/** Variables of an openrc file that say how a service is reached, not who one is. */
const WAYS = new Set(['OS_CACERT', 'OS_INTERFACE', 'OS_ENDPOINT_TYPE', 'OS_REGION_NAME']);

function withoutIdentity(environment: Environment): Environment {
  const kept = Object.entries(environment).filter(([name]) => !name.startsWith('OS_') || WAYS.has(name));
  return Object.fromEntries(kept);
}

/** What every command's registration is given: the process, and the way into a command. */
export class Beginning {
  private readonly process: Process;

  constructor(process: Process) {
    this.process = process;
  }

  context(command: Command): CommandContext {
    const { json, output, profile } = command.optsWithGlobals<GlobalOptions>();
    const { environment } = this.process;
    const named = profile === undefined ? environment : { ...environment, BAY_PROFILE: checkProfile(profile) };
    return createContext({ ...this.process, environment: named }, json === true ? 'json' : (output ?? 'table'));
  }

  /** Asks before what can't be undone. @throws CommandFailure `usage` where nobody can be asked */
  async confirm(context: CommandContext, question: string, what: string): Promise<void> {
    if (context.structured || context.stdin.isTTY !== true || context.stderr.isTTY !== true) {
      throw new CommandFailure('usage', `${what} can't be undone. Say --yes to do it without being asked.`);
    }
    if (!(await askYes(context, question))) throw new CommandFailure('interrupted', 'Nothing was done.');
  }

  /** A profile that the command line names wins over the OS_* variables; they win over every other. */
  async session(command: Command): Promise<{ context: CommandContext; session: Session }> {
    const context = this.context(command);
    const { profile } = command.optsWithGlobals<GlobalOptions>();
    if (profile === undefined) return { context, session: await openSession(context.environment, context.now()) };
    const environment = withoutIdentity(context.environment);
    if (loadLogin(environment) === null) {
      throw new CommandFailure(
        'unauthenticated',
        `There is no login in profile "${profile}". Make it with: bay login --profile ${profile} --url http://HOST:9511 --user NAME --project NAME`,
      );
    }
    return { context, session: await openSession(environment, context.now()) };
  }
}

/** An option's value that must be a whole number from `least` on. */
export function countParser(what: string, least: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d{1,9}$/.test(text) || count < least) {
      throw new CommandFailure('usage', `${what} must be a whole number from ${least} on, not "${text}".`);
    }
    return count;
  };
}

/** Collects `--label key=value`, given any number of times. A value may hold commas and equals signs. */
export function collectLabel(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const split = text.indexOf('=');
  if (split < 1) throw new CommandFailure('usage', `"${text}" is no label. Write it like --label lb_ports=80,443`);
  return { ...before, [text.slice(0, split)]: text.slice(split + 1) };
}

/** Collects an option that may be repeated. */
export function collectText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

export interface WaitOptions {
  readonly wait?: boolean;
  readonly waitTimeout?: number;
}

export function addWaitOptions(command: Command): Command {
  return command
    .option('-w, --wait', 'wait until it is done, and show how it goes')
    .option('--wait-timeout <time>', 'stop waiting after this long: 90s, 10m, 2h (exit code 7)', parseDuration);
}

/** `--wait-timeout` alone means `--wait` too. */
export function wantsToWait(options: WaitOptions): boolean {
  return options.wait === true || options.waitTimeout !== undefined;
}
