/**
 * The one HAProxy of an installation, in master-worker mode and in a session of its own: it outlives the server, so that
 * bays stay reachable while Baykeeper is restarted or upgraded.
 */
import { execFile } from 'node:child_process';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { detailOf } from '@baykeeper/domain';
import { readBalancers } from './balancer-files.js';
import type { HaproxyConfig, HaproxyPaths } from './haproxy.config.js';
import { refused, unavailable } from './haproxy.errors.js';
import { renderConfiguration } from './render-configuration.js';
import { askRuntime } from './runtime-socket.js';

const run = promisify(execFile);
/** Debian's package makes this account. */
const ACCOUNT = 'haproxy';
const READY_MS = 10_000;

export interface HaproxyProcess {
  /** Starts it when it does not run. @returns whether it had to be started. */
  ensureRunning(): Promise<boolean>;
  /** Takes over the configuration of the files; established connections stay. */
  reload(): Promise<void>;
  ask(command: string): Promise<string>;
  stop(): Promise<void>;
}

export function openHaproxyProcess(config: HaproxyConfig, paths: HaproxyPaths): HaproxyProcess {
  const binary = config.haproxyBinary ?? 'haproxy';

  async function writeConfiguration(): Promise<void> {
    const text = renderConfiguration(paths, await readBalancers(paths), await accountOf());
    const draft = `${paths.configuration}.new`;
    await writeFile(draft, text, { mode: 0o600 });
    try {
      await run(binary, ['-c', '-q', '-f', draft], { timeout: READY_MS });
    } catch (error) {
      throw isMissing(error)
        ? unavailable('HAProxy is not installed on this machine. Run script/install.', error)
        : refused(
            'The load balancer refused the new configuration; the old one stays in use. Tell the operator.',
            detailOf(error),
          );
    }
    await rename(draft, paths.configuration);
  }

  /** Writes the members as they are now where the next reload or start reads them; nothing is reloaded. */
  async function start(): Promise<void> {
    await writeConfiguration();
    await rm(paths.pidFile, { force: true });
    // -D leaves our session and process group by itself; -W keeps a master that reloads on SIGUSR2.
    await run(
      binary,
      ['-W', '-D', '-S', `${paths.masterSocket},mode,600`, '-f', paths.configuration, '-p', paths.pidFile],
      { timeout: READY_MS },
    ).catch((error: unknown) => {
      throw unavailable('HAProxy did not start. It is tried again.', error);
    });
    await awaitWorker(null);
  }

  async function workerPid(): Promise<string | null> {
    const answer = await askRuntime(paths.statsSocket, 'show info').catch(() => '');
    return /^Pid: (\d+)$/m.exec(answer)?.[1] ?? null;
  }

  async function awaitWorker(before: string | null): Promise<void> {
    const end = Date.now() + READY_MS;
    for (;;) {
      const now = await workerPid();
      if (now !== null && now !== before) return;
      if (Date.now() > end) throw unavailable('HAProxy is not ready. It is tried again.', new Error('no new worker'));
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async function masterPid(): Promise<number | null> {
    try {
      const pid = Number((await readFile(paths.pidFile, 'utf8')).trim().split('\n')[0]);
      const command = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8');
      // A pid that another program has got since is not ours.
      return command.includes(paths.configuration) ? pid : null;
    } catch {
      return null;
    }
  }

  async function stop(): Promise<void> {
    const pid = await masterPid();
    if (pid !== null) {
      process.kill(pid, 'SIGTERM');
      const end = Date.now() + READY_MS;
      while ((await masterPid()) !== null) {
        if (Date.now() > end) {
          process.kill(pid, 'SIGKILL');
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await Promise.all(
      [paths.pidFile, paths.statsSocket, paths.masterSocket, paths.idleSocket].map((path) => rm(path, { force: true })),
    );
  }

  return {
    async ensureRunning() {
      if ((await masterPid()) !== null && (await workerPid()) !== null) return false;
      // A master whose worker does not come back, or a worker without its master: start afresh.
      await stop();
      await start();
      return true;
    },
    async reload() {
      const pid = await masterPid();
      if (pid === null) {
        await start();
        return;
      }
      const before = await workerPid();
      await writeConfiguration();
      process.kill(pid, 'SIGUSR2');
      await awaitWorker(before);
    },
    ask: (command) => askRuntime(paths.statsSocket, command),
    stop,
  };
}

/** HAProxy started by root becomes its own user after it has bound its ports. */
async function accountOf(): Promise<string | null> {
  if (process.getuid?.() !== 0) return null;
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return accounts.split('\n').some((line) => line.startsWith(`${ACCOUNT}:`)) ? ACCOUNT : null;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Whether a HAProxy of this data directory could be running at all. */
export async function hasHaproxyState(paths: HaproxyPaths): Promise<boolean> {
  return stat(paths.directory).then(
    () => true,
    () => false,
  );
}
