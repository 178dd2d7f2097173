import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { failureJson, type CommandFailure } from './failure.js';
import { printableText } from './output/printable-text.js';
import { renderStreamed, renderStructured, type OutputFormat } from './output/structured.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process as the commands see it; tests hand in their own. */
export interface Process {
  readonly environment: Environment;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
}

/**
 * What every command is given. Results go to stdout, everything else (progress, questions, notices, errors) to stderr,
 * so that a pipe sees results alone.
 */
export interface CommandContext extends Process {
  readonly format: OutputFormat;
  /** Whether a program reads the results. */
  readonly structured: boolean;
  readonly colour: boolean;
  now(): Date;
}

/** Whether to colour a stream: never when NO_COLOR is set to anything (https://no-color.org), nor off a terminal. */
export function wantsColour(environment: Environment, stream: { readonly isTTY?: boolean }): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb') return false;
  return stream.isTTY === true;
}

export function createContext(process: Process, format: OutputFormat): CommandContext {
  const colour = wantsColour(process.environment, process.stdout);
  return { ...process, format, structured: format !== 'table', colour, now: () => new Date() };
}

/** Prints a result for people. The text may hold our own colours; everything from the server was made printable before. */
export function printResult(context: Pick<CommandContext, 'stdout' | 'colour'>, text: string): void {
  context.stdout.write(`${context.colour ? text : stripVTControlCharacters(text)}\n`);
}

/** Prints a result for programs, in the format they asked for. */
export function printData({ stdout, format }: Pick<CommandContext, 'stdout' | 'format'>, value: unknown): void {
  const text = renderStructured(format === 'table' ? 'json' : format, value);
  if (text !== '') stdout.write(`${text}\n`);
}

/** The same for one of a stream, of which nobody knows the end. */
export function printStreamed({ stdout, format }: Pick<CommandContext, 'stdout' | 'format'>, value: unknown): void {
  stdout.write(`${renderStreamed(format === 'table' ? 'json' : format, value)}\n`);
}

/** Tells the person something that is no result; silent where a program reads, so that stderr holds errors alone. */
export function printNotice(context: Pick<CommandContext, 'stderr' | 'structured'>, text: string): void {
  if (!context.structured) context.stderr.write(`${printableText(text)}\n`);
}

export function printFailure(stream: Writable, json: boolean, failure: CommandFailure): void {
  if (json) {
    stream.write(`${JSON.stringify(failureJson(failure))}\n`);
    return;
  }
  stream.write(`bay: ${printableText(failure.message).replaceAll('\n', ' ')}\n`);
  if (failure.detail !== undefined && failure.detail !== '') {
    for (const line of printableText(failure.detail).split('\n')) stream.write(`  ${line}\n`);
  }
}
