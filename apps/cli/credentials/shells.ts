import { basename } from 'node:path';
import type { Environment } from '../context.js';
import { CommandFailure } from '../failure.js';

/**
 * Variables as commands that a shell runs: `eval "$(bay env NAME)"`. Every value is quoted so that it is that text and
 * nothing else; what a shell cannot quote is refused.
 */
export const SHELLS = ['bash', 'fish', 'powershell', 'cmd'] as const;
export type Shell = (typeof SHELLS)[number];

/** Null unsets the variable. */
export type Variables = Readonly<Record<string, string | null>>;

export function isShell(text: string): text is Shell {
  return SHELLS.some((shell) => shell === text);
}

/** The shell that `bay` was most likely started from. */
export function guessShell(environment: Environment, platform: NodeJS.Platform): Shell {
  if (platform === 'win32') return environment['PSModulePath'] === undefined ? 'cmd' : 'powershell';
  return basename(environment['SHELL'] ?? '') === 'fish' ? 'fish' : 'bash';
}

export function renderVariables(shell: Shell, variables: Variables): string {
  return Object.entries(variables)
    .map(([name, value]) => (value === null ? renderUnset(shell, name) : renderSet(shell, name, value)))
    .join('\n');
}

function renderSet(shell: Shell, name: string, value: string): string {
  switch (shell) {
    case 'bash':
      return `export ${name}=${quote(shell, value)}`;
    case 'fish':
      return `set -gx ${name} ${quote(shell, value)};`;
    case 'powershell':
      return `$Env:${name} = ${quote(shell, value)}`;
    case 'cmd':
      return `SET "${name}=${quote(shell, value)}"`;
  }
}

function renderUnset(shell: Shell, name: string): string {
  switch (shell) {
    case 'bash':
      return `unset ${name}`;
    case 'fish':
      return `set -e ${name};`;
    case 'powershell':
      return `Remove-Item -ErrorAction SilentlyContinue Env:${name}`;
    case 'cmd':
      return `SET "${name}="`;
  }
}

/** What a person types into their shell to use the variables. */
export function renderUsage(shell: Shell, bayName: string): string {
  switch (shell) {
    case 'bash':
      return `eval "$(bay env ${quote('bash', bayName)})"`;
    case 'fish':
      return `bay env --shell fish ${quote('fish', bayName)} | source`;
    case 'powershell':
      return `bay env --shell powershell ${quote('powershell', bayName)} | Invoke-Expression`;
    case 'cmd':
      return `FOR /f "tokens=*" %i IN ('bay env --shell cmd "${quote('cmd', bayName)}"') DO @%i`;
  }
}

/** A path or name as one word of a POSIX shell, quoted only when it has to be. */
export function quoteWhenNeeded(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : quote('bash', text);
}

/** The value between (for cmd: inside) quotes of the shell. */
function quote(shell: Shell, value: string): string {
  if (value.includes('\0')) throw unquotable(shell, 'a zero byte');
  switch (shell) {
    case 'bash':
      // POSIX 2.2.2: between single quotes nothing is special, and only the quote itself can't stand there.
      return `'${value.replaceAll("'", `'\\''`)}'`;
    case 'fish':
      // fish's single quotes know two escapes, \' and \\.
      return `'${value.replaceAll(/[\\']/g, '\\$&')}'`;
    case 'powershell':
      // Invoke-Expression is fed line by line, so a value must stay on one.
      if (/[\r\n]/.test(value)) throw unquotable(shell, 'a line break');
      // PowerShell takes the typographic single quotes as quotes too; each is written twice.
      return `'${value.replaceAll(/['\u2018\u2019\u201A\u201B]/g, '$&$&')}'`;
    case 'cmd':
      // cmd has no way to write these inside quotes that holds in every place a line can be run from.
      if (/["%!^\r\n]/.test(value)) throw unquotable(shell, 'one of " % ! ^ or a line break');
      return value;
  }
}

function unquotable(shell: Shell, what: string): CommandFailure {
  return new CommandFailure(
    'usage',
    `A path or address holds ${what}, which ${shell} can't take safely. Use another --shell, or set XDG_DATA_HOME to a plain path.`,
  );
}
