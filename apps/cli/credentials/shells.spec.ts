import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { guessShell, quoteWhenNeeded, renderUsage, renderVariables } from './shells.js';

/** Texts that hurt careless quoting, mixed with any others. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...Array.from(`'"\`$(){}[];&|<>\\!*?~# \t\n\r-=%^@`)), maxLength: 40 }),
  fc.constantFrom(
    "'; touch pwned; '",
    '$(touch pwned)',
    '`touch pwned`',
    "\\'",
    '-n',
    '\n\n',
    "'\\''",
    '${IFS}',
    'a\\',
  ),
);
/** What an environment variable can hold at all: no zero byte, and whole characters. */
const value = nasty.map((text) => Buffer.from(text.replaceAll('\0', ''), 'utf8').toString('utf8'));

function evaluated(shell: string, output: string, names: readonly string[]): readonly string[] {
  const script = `eval "$BAY_OUTPUT"; printf '%s\\0' ${names.map((name) => `"$${name}"`).join(' ')}`;
  const words = shell === '/bin/bash' ? ['--norc', '--noprofile', '-c', script] : ['-c', script];
  const printed = execFileSync(shell, words, { encoding: 'utf8', env: { BAY_OUTPUT: output, PATH: '/nonexistent' } });
  return printed.split('\0').slice(0, -1);
}

describe('variables for a POSIX shell', () => {
  it.each(['/bin/bash', '/bin/sh'])('come out of eval in %s exactly as they went in, whatever they hold', (shell) => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 30, maxLength: 60 }), (values) => {
        const names = values.map((_, index) => `V${index}`);
        const variables = Object.fromEntries(values.map((text, index) => [`V${index}`, text]));
        expect(evaluated(shell, renderVariables('bash', variables), names)).toEqual(values);
      }),
      { numRuns: 25 },
    );
  });

  it('are exported, and unset when they are to be', () => {
    expect(renderVariables('bash', { A: "it's", B: null })).toBe(`export A='it'\\''s'\nunset B`);
  });
});

describe('variables for other shells', () => {
  it('fish: a backslash and a quote are escaped, nothing else is special', () => {
    expect(renderVariables('fish', { A: `a\\b'c$d(e)` })).toBe(`set -gx A 'a\\\\b\\'c$d(e)';`);
  });

  it('fish: reading its quoting backwards gives the value again', () => {
    fc.assert(
      fc.property(value, (text) => {
        const line = renderVariables('fish', { A: text });
        // fish: inside single quotes only \' and \\ are escapes, and an unescaped quote ends the word.
        const match = /^set -gx A '((?:[^\\']|\\[\\'])*)';$/.exec(line);
        expect(match?.[1]?.replaceAll(/\\([\\'])/g, '$1')).toBe(text);
      }),
    );
  });

  it('powershell: every kind of single quote is doubled', () => {
    expect(renderVariables('powershell', { A: `a'b\u2019c\u2018$(d)`, B: null })).toBe(
      `$Env:A = 'a''b\u2019\u2019c\u2018\u2018$(d)'\nRemove-Item -ErrorAction SilentlyContinue Env:B`,
    );
  });

  it('powershell: a line break is refused, since each line is run alone', () => {
    expect(() => renderVariables('powershell', { A: "x'\nStop-Computer" })).toThrow('a line break');
  });

  it.each(['a"b', '%PATH%', '!x!', 'a^b', 'a\r\nb'])('cmd: %j is refused, since no quoting holds', (text) => {
    expect(() => renderVariables('cmd', { A: text })).toThrow('cmd can');
  });

  it('cmd: an ordinary path is set inside quotes', () => {
    expect(renderVariables('cmd', { A: 'C:\\Users\\me & you', B: null })).toBe('SET "A=C:\\Users\\me & you"\nSET "B="');
  });

  it('a zero byte is refused by all of them', () => {
    for (const shell of ['bash', 'fish', 'powershell', 'cmd'] as const) {
      expect(() => renderVariables(shell, { A: 'a\0b' })).toThrow();
    }
  });
});

describe('what a person types', () => {
  it('is one line for each shell', () => {
    expect(renderUsage('bash', 'web')).toBe(`eval "$(bay env 'web')"`);
    expect(renderUsage('fish', 'web')).toBe(`bay env --shell fish 'web' | source`);
  });

  it('quotes a path only when it has to', () => {
    expect(quoteWhenNeeded('web/docker.env')).toBe('web/docker.env');
    expect(quoteWhenNeeded('my bay/docker.env')).toBe("'my bay/docker.env'");
  });
});

describe('the guessed shell', () => {
  it('follows SHELL, and on Windows what PowerShell leaves in the environment', () => {
    expect(guessShell({ SHELL: '/usr/bin/fish' }, 'linux')).toBe('fish');
    expect(guessShell({ SHELL: '/bin/zsh' }, 'darwin')).toBe('bash');
    expect(guessShell({}, 'linux')).toBe('bash');
    expect(guessShell({ PSModulePath: 'x' }, 'win32')).toBe('powershell');
    expect(guessShell({}, 'win32')).toBe('cmd');
  });
});
