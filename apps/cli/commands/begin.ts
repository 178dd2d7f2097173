import type { Command } from 'commander';
import { createContext, type CommandContext, type Process } from '../context.js';
import { CommandFailure } from '../failure.js';
import { parseDuration } from '../output/durations.js';
import { openSession, type Session } from '../session/session.js';

/** What every command's registration is given: the process, and the way into a command. */
export class Beginning {
  private readonly process: Process;

  constructor(process: Process) {
    this.process = process;
  }

  context(command: Command): CommandContext {
    return createContext(this.process, command.optsWithGlobals<{ json?: boolean }>().json === true);
  }

  async session(command: Command): Promise<{ context: CommandContext; session: Session }> {
    const context = this.context(command);
    return { context, session: await openSession(context.environment, context.now()) };
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
