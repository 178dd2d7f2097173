/**
 * Runs host programs: argument arrays only, a clean environment, an end to every wait, and one table from failures to errors.
 *
 * The environment is emptied because LXC's monitor keeps what it was started with for as long as its node lives: the
 * server's own (passwords, database URLs) must not stay readable there, nor reach mmdebstrap's package scripts.
 */
import { execFile } from 'node:child_process';
import { BaykeeperError } from '@baykeeper/domain';

export const CLEAN_ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  HOME: '/root',
};

/** Which Debian package brings a program, for the sentence that says what to install. */
const PACKAGES: Readonly<Record<string, string>> = {
  'lxc-start': 'lxc',
  'lxc-stop': 'lxc',
  'lxc-ls': 'lxc',
  'lxc-info': 'lxc',
  mmdebstrap: 'mmdebstrap',
  iptables: 'iptables',
  ip: 'iproute2',
  flock: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  'apt-config': 'apt',
};

export const NEEDED_PROGRAMS = Object.keys(PACKAGES);

export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a host program may take; none of them waits for a network. */
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Runs a program to its end, whatever its exit code.
 * @throws BaykeeperError `provider-refused` when the program is missing, `provider-unavailable` when it does not end in time.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number } = {},
): Promise<ProgramResult> {
  const timeout = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...args],
      { env: CLEAN_ENVIRONMENT, cwd: '/', timeout, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ exitCode: 0, stdout, stderr });
        } else if (error.code === 'ENOENT') {
          reject(missingProgram(program));
        } else if (typeof error.code === 'number') {
          resolve({ exitCode: error.code, stdout, stderr });
        } else {
          reject(
            new BaykeeperError({
              code: 'provider-unavailable',
              publicMessage: 'A program on the host of the local driver did not answer in time. Try again later.',
              detail: `${program} ended by ${error.signal ?? 'an unknown cause'} (limit ${timeout} ms)`,
            }),
          );
        }
      },
    );
  });
}

/** As `runProgram`, but an exit code other than 0 is an error; gives the standard output. */
export async function requireProgram(
  program: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number } = {},
): Promise<string> {
  const result = await runProgram(program, args, options);
  if (result.exitCode !== 0) throw programFailed(program, result);
  return result.stdout;
}

export function programFailed(program: string, result: ProgramResult): BaykeeperError {
  const output = `${result.stderr}\n${result.stdout}`.trim().slice(-2000);
  return new BaykeeperError({
    code: 'provider-unavailable',
    publicMessage: 'The host of the local driver could not carry out a step. The server log has the reason.',
    detail: `${program} exited with ${result.exitCode}: ${output}`,
  });
}

export function missingProgram(program: string): BaykeeperError {
  const name = PACKAGES[program];
  const remedy = name === undefined ? 'Install it.' : `Install Debian's package ${name}.`;
  return new BaykeeperError({
    code: 'provider-refused',
    publicMessage: `The local driver needs the program ${program}, which is not on this host. ${remedy}`,
  });
}
