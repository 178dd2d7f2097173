/**
 * Runs `haproxy` and `ip`: argument arrays only, an end to every wait, and an environment of our own. HAProxy outlives
 * the server, and the server's passwords must not live on in its environment.
 */
import { execFile } from 'node:child_process';

/** A program elsewhere is named by its absolute path. Debian keeps both in directories that are not on every user's path. */
const ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
};
const TIMEOUT_MS = 20_000;

export interface ProgramResult {
  /** null: the program is not there, or did not end in time. */
  readonly exitCode: number | null;
  readonly isMissing: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export function runProgram(program: string, args: readonly string[]): Promise<ProgramResult> {
  return new Promise((resolve) => {
    execFile(
      program,
      [...args],
      { env: ENVIRONMENT, cwd: '/', timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        resolve({ exitCode: typeof code === 'number' ? code : null, isMissing: code === 'ENOENT', stdout, stderr });
      },
    );
  });
}

/** Whether HAProxy can be had on this machine at all. */
export async function hasHaproxy(binary = 'haproxy'): Promise<boolean> {
  return (await runProgram(binary, ['-v'])).exitCode === 0;
}
