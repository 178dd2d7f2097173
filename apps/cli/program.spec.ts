import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { PassThrough, Readable } from 'node:stream';
import { renderBashCompletion } from './completion/bash.js';
import { renderFishCompletion } from './completion/fish.js';
import { renderZshCompletion } from './completion/zsh.js';
import { completionTable } from './completion/completion-table.js';
import { collectLabel } from './commands/begin.js';
import { newTemplate } from './commands/templates.js';
import { CommandFailure, FAILURE_CODES, failureJson } from './failure.js';
import { createProgram, runProgram } from './program.js';
import type { Process } from './context.js';

function process(): Process & { readonly stdout: PassThrough; readonly stderr: PassThrough } {
  return {
    environment: { HOME: '/nonexistent' },
    stdin: Readable.from([]),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
  };
}

async function run(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const streams = process();
  const code = await runProgram(streams, words);
  const read = (stream: PassThrough): string => String(stream.read() ?? '');
  return { code, stdout: read(streams.stdout), stderr: read(streams.stderr) };
}

describe('exit codes', () => {
  it('are the documented ones', () => {
    const codes = FAILURE_CODES.map((code) => [code, new CommandFailure(code, 'x').exitCode]);
    expect(Object.fromEntries(codes)).toEqual({
      unexpected: 1,
      usage: 2,
      refused: 3,
      'not-found': 4,
      unauthenticated: 5,
      'bay-failed': 6,
      'wait-timeout': 7,
      'cannot-connect': 8,
      interrupted: 130,
    });
  });

  it.each([
    [['sl'], "Unknown command 'sl' (Did you mean ls?)"],
    [['create', 'web'], 'Name a template with --template. List them with: bay templates'],
    [['scale', 'web'], "Missing required argument 'count'."],
    [['scale', 'web', '-1'], 'The number of workers must be a whole number from 0 on, not "-1".'],
    [['ls', '--colour'], "Unknown option '--colour'. See: bay ls --help"],
    [
      ['template', 'create', 'a', '--image', 'i', '--colour'],
      "Unknown option '--colour'. See: bay templates create --help",
    ],
    [['env', 'web', '--shell', 'tcsh'], '"tcsh" is no shell that bay knows.'],
    [['create', 'web', '-t', 'x', '--label', 'novalue'], '"novalue" is no label.'],
    [['create', 'web', '-t', 'x', '--wait-timeout', 'soon'], '"soon" is not a duration.'],
  ])('%j is wrong use, said in one line', async (words, sentence) => {
    const outcome = await run(...words);
    expect(outcome.code).toBe(2);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toMatch(/^bay: .*\n$/);
    expect(outcome.stderr).toContain(sentence);
  });

  it('with --json an error is one JSON document on stderr', async () => {
    const outcome = await run('sl', '--json');
    expect(JSON.parse(outcome.stderr)).toEqual({
      error: {
        code: 'usage',
        exit_code: 2,
        message: "Unknown command 'sl' (Did you mean ls?) See: bay --help",
        detail: null,
        http_status: null,
        request_id: null,
      },
    });
  });

  it('help and version are no errors', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, stderr: '' });
    expect((await run('create', '--help')).stdout).toContain('--template <template>');
    expect(await run('--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });
});

describe('options', () => {
  it('labels may hold commas and equals signs, and the last of a key wins', () => {
    expect(collectLabel('lb_ports=80,443')).toEqual({ lb_ports: '80,443' });
    expect(collectLabel('a=b=c', { a: 'x', d: '' })).toEqual({ a: 'b=c', d: '' });
    expect(() => collectLabel('=x')).toThrow('is no label');
  });

  it('every option of template create reaches the wire', () => {
    const create = createProgram(process())
      .commands.find((command) => command.name() === 'templates')
      ?.commands.find((command) => command.name() === 'create');
    const options = create?.options.map((option) => option.attributeName()) ?? [];
    expect(options.length).toBeGreaterThan(20);
    for (const option of options) {
      const value = option === 'floatingIp' ? false : 'x';
      expect([option, Object.keys(newTemplate('t', { [option]: value })).length]).toEqual([option, 2]);
    }
  });

  it('none takes a password', () => {
    const all = createProgram(process()).commands.flatMap((command) => command.options.map((option) => option.long));
    expect(all.filter((option) => option?.includes('password'))).toEqual(['--password-stdin']);
  });
});

describe('completion for bash', () => {
  const script = renderBashCompletion(completionTable(createProgram(process())));
  const complete = (line: string, names = ''): readonly string[] => {
    const words = line.split(' ');
    const bay = `bay() { printf '%b' "$NAMES"; }`;
    const ask = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bay; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const output = execFileSync('bash', ['--norc', '-c', `${script}\n${bay}\n${ask}`, 'bash', ...words], {
      encoding: 'utf8',
      env: { NAMES: names, PATH: '/usr/bin:/bin' },
    });
    return output.split('\n').filter((word) => word !== '');
  };

  it('knows commands, options and subcommands', () => {
    expect(complete('bay s')).toEqual(['scale', 'show', 'stats', 'services']);
    expect(complete('bay create web --wait')).toEqual(['--wait', '--wait-timeout']);
    expect(complete('bay template c')).toEqual(['create']);
    expect(complete('bay env --shell f')).toEqual(['fish']);
  });

  it('offers bays where a bay is wanted, and templates after --template', () => {
    expect(complete('bay scale w', 'web\\nworld\\nother\\n')).toEqual(['web', 'world']);
    expect(complete('bay create x -t s', 'swarm\\n')).toEqual(['swarm']);
  });
});

describe('completion for other shells', () => {
  const table = completionTable(createProgram(process()));
  const has = (shell: string): boolean => {
    try {
      execFileSync(shell, ['-c', 'true'], { stdio: 'ignore' });
      return true;
    } catch {
      console.log(`SKIPPED completion by ${shell} in apps/cli/program.spec: it is not installed`);
      return false;
    }
  };
  const inZsh = has('zsh') ? it : it.skip;
  const inFish = has('fish') ? it : it.skip;

  it.each([
    ['zsh', renderZshCompletion(table)],
    ['fish', renderFishCompletion(table)],
  ])('for %s knows every command', (_shell, script) => {
    for (const { path } of table.commands) expect(script).toContain(path);
    expect(script).toContain('json yaml name');
  });

  inZsh('is taken by zsh', () => {
    const compadd = 'compdef() { :; }; compadd() { shift; print -l -- "$@"; }; bay() { print web; }';
    const ask = 'words=(bay scale w); CURRENT=3; _bay';
    const output = execFileSync('zsh', ['-f', '-c', `${compadd}\n${renderZshCompletion(table)}\n${ask}`], {
      encoding: 'utf8',
    });
    expect(output.split('\n')).toEqual(expect.arrayContaining(['--dry-run', '--wait', 'web']));
  });

  inFish('is taken by fish', () => {
    const script = `function bay; echo web; end\n${renderFishCompletion(table)}\ncomplete -C'bay scale w'`;
    expect(execFileSync('fish', ['--no-config', '-c', script], { encoding: 'utf8' })).toContain('web');
  });
});

describe('a failure', () => {
  it('keeps all its keys as JSON', () => {
    const failure = new CommandFailure('refused', {
      message: 'No.',
      httpStatus: 409,
      requestId: 'req-1',
      detail: 'why',
    });
    expect(failureJson(failure)).toEqual({
      error: { code: 'refused', exit_code: 3, message: 'No.', detail: 'why', http_status: 409, request_id: 'req-1' },
    });
  });
});
