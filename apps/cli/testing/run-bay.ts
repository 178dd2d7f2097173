import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(PACKAGE, 'dist', 'main.js');

/**
 * Builds the command if its sources changed, so that what is tested is what a person runs. Test files run side by side:
 * util-linux's flock keeps one from starting a file that another is writing.
 */
export function buildBay(): void {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync('flock', [join(PACKAGE, 'package.json'), process.execPath, tsc, '-b', PACKAGE], { stdio: 'pipe' });
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home folder and environment of its own for one test; nothing of the machine's own OS_* variables gets in. */
export class Person {
  readonly home = mkdtempSync(join(tmpdir(), 'bay-home-'));
  environment: Record<string, string> = {};

  leave(): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Starts `bay` as a child process. */
  start(words: readonly string[], cwd: string = this.home): ChildProcess {
    return spawn(process.execPath, [MAIN, ...words], { cwd, env: this.childEnvironment(), stdio: 'pipe' });
  }

  async bay(words: readonly string[], options: { stdin?: string; cwd?: string } = {}): Promise<Outcome> {
    const child = this.start(words, options.cwd);
    child.stdin?.end(options.stdin ?? '');
    return await outcomeOf(child);
  }

  /** The same on a terminal: util-linux's script gives the command a pseudo-terminal for all three streams. */
  async bayOnTerminal(words: readonly string[], typed: string, rows = 24): Promise<Outcome> {
    const command = [process.execPath, MAIN, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const child = spawn('script', ['-qec', `stty cols 80 rows ${rows}; exec ${command}`, '/dev/null'], {
      cwd: this.home,
      env: { ...this.childEnvironment(), TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: 'pipe',
    });
    child.stdin.write(typed);
    return await outcomeOf(child);
  }

  private childEnvironment(): Record<string, string> {
    return { PATH: process.env['PATH'] ?? '', HOME: this.home, ...this.environment };
  }
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
  ]);
  return { code: await exit, stdout, stderr };
}
