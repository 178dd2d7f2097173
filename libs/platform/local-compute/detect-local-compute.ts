/**
 * Whether real machines can be made here, decided by making one: a bridge, an overlay mount below the data directory, a
 * firewall chain, and a container that boots a command on both. A user's id says nothing of this (root in an ordinary
 * container may do none of it). Every probe is limited in time, carries a name of its own and is taken away again.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { processEnvironment } from '../config/environment.js';
import { ensureDataDirectory } from '../embedded/account.js';

const run = promisify(execFile);
/** Each takes some ten milliseconds where it works; a probe that hangs must not hold up the start for long. */
const PROBE_MILLISECONDS = 10_000;
/** Debian's place for administrators' programs, which `su` without `-` leaves out of PATH. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface LocalCompute {
  readonly possible: boolean;
  /** One sentence for a person: what was seen to work, or the first thing that did not. */
  readonly reason: string;
}

/** The data directory matters: overlay mounts work on some filesystems only (not on an overlay, for one). */
export async function detectLocalCompute(dataDirectory: string): Promise<LocalCompute> {
  if (process.platform !== 'linux') return impossible('real machines need Linux');
  const mark = randomBytes(3).toString('hex');
  const bridge = `bkprobe${mark}`;
  const chain = `BK-PROBE-${mark}`;
  const directory = path.join(dataDirectory, `probe-${mark}`);
  const attempts: readonly (readonly [what: string, attempt: () => Promise<unknown>])[] = [
    ['a bridge', () => probeBridge(bridge)],
    ['a firewall chain', () => program('iptables', ['-w', '5', '-N', chain])],
    [
      `an overlay mount below ${dataDirectory}`,
      async () => {
        await ensureDataDirectory(dataDirectory);
        await mkdir(directory, { mode: 0o700 });
        await probeOverlay(directory);
      },
    ],
    ['a container', () => probeContainer(directory, bridge, mark)],
  ];
  try {
    for (const [what, attempt] of attempts) {
      try {
        await attempt();
      } catch (error) {
        return impossible(`${what} can't be made here (${reasonOf(error)})`);
      }
    }
    return { possible: true, reason: 'a bridge, an overlay mount and a container can be made here' };
  } finally {
    await removeProbe(directory);
    await program('iptables', ['-w', '5', '-X', chain]).catch(() => undefined);
    await program('ip', ['link', 'del', bridge]).catch(() => undefined);
  }
}

async function probeBridge(name: string): Promise<void> {
  await program('ip', ['link', 'add', name, 'type', 'bridge']);
  await program('ip', ['link', 'set', name, 'up']);
}

async function probeOverlay(directory: string): Promise<void> {
  for (const name of ['lower', 'upper', 'work', 'root']) await mkdir(path.join(directory, name));
  for (const name of ['dev', 'proc', 'sys', 'usr', 'etc', 'tmp']) await mkdir(path.join(directory, 'lower', name));
  // /bin and its like are links into /usr on today's systems; the container gets the host's /usr, read-only.
  for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32']) {
    const facts = await lstat(`/${name}`).catch(() => null);
    if (facts?.isSymbolicLink() !== true) continue;
    await symlink(await readlink(`/${name}`), path.join(directory, 'lower', name));
  }
  const layers = `lowerdir=${directory}/lower,upperdir=${directory}/upper,workdir=${directory}/work`;
  await program('mount', ['-t', 'overlay', 'overlay', '-o', layers, path.join(directory, 'root')]);
  await writeFile(path.join(directory, 'root', 'etc', 'hostname'), 'probe\n');
}

async function probeContainer(directory: string, bridge: string, mark: string): Promise<void> {
  const configuration = path.join(directory, 'config');
  const log = path.join(directory, 'log');
  const lines = [
    `lxc.uts.name = bkprobe${mark}`,
    `lxc.rootfs.path = dir:${path.join(directory, 'root')}`,
    'lxc.net.0.type = veth',
    `lxc.net.0.link = ${bridge}`,
    'lxc.net.0.flags = up',
    'lxc.net.0.name = eth0',
    'lxc.mount.auto = proc:rw sys:rw cgroup:rw:force',
    'lxc.mount.entry = /usr usr none bind,ro 0 0',
    'lxc.apparmor.profile = unconfined',
    'lxc.cap.drop =',
    'lxc.tty.max = 0',
    'lxc.autodev = 1',
  ];
  await writeFile(configuration, `${lines.join('\n')}\n`);
  const container = ['-P', directory, '-n', `bkprobe${mark}`];
  try {
    const options = ['-F', '-f', configuration, '-o', log, '-l', 'ERROR'];
    const { stdout } = await program('lxc-start', [...container, ...options, '--', '/bin/echo', 'alive']);
    // The container's console is only passed on where there is a terminal; the exit code speaks for itself.
    if (stdout !== '' && !stdout.includes('alive')) throw new Error('its command did not run');
  } catch (error) {
    await program('lxc-stop', [...container, '-k']).catch(() => undefined);
    // Its first line names the cause; what it prints names the consequences only.
    const [, cause] = / ERROR +\S+ - \S+ - (.+)$/m.exec(await readFile(log, 'utf8').catch(() => '')) ?? [];
    throw cause === undefined ? error : new Error(cause, { cause: error });
  }
}

/** Never follows into a mount that could not be taken away. */
async function removeProbe(directory: string): Promise<void> {
  const root = path.join(directory, 'root');
  await program('umount', [root]).catch(() => undefined);
  const facts = await Promise.all([lstat(root).catch(() => null), lstat(directory).catch(() => null)]);
  if (facts[0] !== null && facts[0].dev !== facts[1]?.dev) {
    await program('umount', ['-l', root]).catch(() => undefined);
  }
  await rm(directory, { recursive: true, force: true });
}

function program(name: string, parameters: readonly string[]) {
  const { PATH } = processEnvironment();
  return run(name, [...parameters], {
    timeout: PROBE_MILLISECONDS,
    killSignal: 'SIGKILL',
    env: { PATH: PATH === undefined ? SYSTEM_PATH : `${PATH}:${SYSTEM_PATH}`, LC_ALL: 'C' },
  });
}

/** The first line that the program printed, or why it did not run. */
function reasonOf(error: unknown): string {
  const facts = error as { code?: unknown; killed?: unknown; stderr?: string; path?: unknown; message?: string };
  if (facts.code === 'ENOENT' && typeof facts.path === 'string') return `${facts.path} is not installed`;
  if (facts.killed === true) return `it took longer than ${PROBE_MILLISECONDS / 1000} s`;
  const [line = ''] = (facts.stderr ?? '').split('\n');
  return line.trim() || (facts.message ?? 'no reason was given');
}

function impossible(reason: string): LocalCompute {
  return { possible: false, reason };
}
