/** Finds out by trying whether this host can carry local machines: rights are granted in too many ways to be looked up. */
import { access, lstat, mkdir, mkdtemp, readlink, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { BaykeeperError, detailOf } from '@baykeeper/domain';
import { createHash } from 'node:crypto';
import { removeTree } from './containers.js';
import { localPaths, type LocalComputeConfig, type LocalPaths } from './local.config.js';
import { renderLxcConfiguration } from './lxc-configuration.js';
import { observeCgroupVersion } from './make-machine.js';
import { CLEAN_ENVIRONMENT, missingProgram, NEEDED_PROGRAMS, requireProgram, runProgram } from './run-program.js';
import { absentAsUndefined } from './write-atomically.js';

export type LocalComputeProbe =
  | { readonly usable: true }
  /** One sentence that says what is missing, for whoever starts the server. */
  | { readonly usable: false; readonly reason: string };

/** Whether bridges, firewall rules, overlay mounts and system containers can be made here. Leaves nothing behind. */
export async function probeLocalCompute(config: Pick<LocalComputeConfig, 'dataDirectory'>): Promise<LocalComputeProbe> {
  try {
    await requireLocalCompute(localPaths(config));
    return { usable: true };
  } catch (error) {
    return { usable: false, reason: error instanceof BaykeeperError ? error.publicMessage : detailOf(error) };
  }
}

/** @throws BaykeeperError `provider-refused` with what is missing and how to get it */
export async function requireLocalCompute(paths: LocalPaths): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw refused('The local driver runs on Linux, as root. Use the simulated driver otherwise.', process.platform);
  }
  for (const program of NEEDED_PROGRAMS) await requireInstalled(program);
  await mkdir(paths.data, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(paths.data, 'probe-'));
  const bridge = `bkp-${createHash('sha256').update(directory).digest('hex').slice(0, 10)}`;
  try {
    await tryStep('make a bridge', 'ip', ['link', 'add', 'name', bridge, 'type', 'bridge']);
    await tryStep('read the firewall', 'iptables', ['-w', '10', '-t', 'nat', '-S', 'POSTROUTING']);
    await tryContainer(directory, bridge);
  } finally {
    await runProgram('ip', ['link', 'delete', 'dev', bridge]);
    await removeTree(directory);
  }
}

/** A container of a few milliseconds: overlay root, network and control groups as a node's, the host's own programs in it. */
async function tryContainer(directory: string, bridge: string): Promise<void> {
  const name = 'probe';
  const lower = join(directory, 'lower');
  const upper = join(directory, 'upper');
  const container = join(directory, name);
  for (const each of [lower, upper, container]) await mkdir(each);
  for (const each of ['dev', 'proc', 'sys', 'tmp', 'run', 'etc']) await mkdir(join(lower, each));
  const binds: string[] = [];
  for (const each of ['usr', 'bin', 'sbin', 'lib', 'lib64']) {
    const stat = await absentAsUndefined(lstat(`/${each}`));
    if (stat?.isSymbolicLink() === true) await symlink(await readlink(`/${each}`), join(lower, each));
    else if (stat?.isDirectory() === true) binds.push(each);
  }
  const configuration = renderLxcConfiguration({
    name,
    rootFilesystem: lower,
    upper,
    consoleLog: join(directory, 'console.log'),
    bridge,
    hostLink: `bkq${bridge.slice(4)}`,
    hardwareAddress: '02:62:00:00:00:02',
    address: '192.0.2.2',
    prefixLength: 24,
    gateway: '192.0.2.1',
    binds: binds.map((each) => ({ source: `/${each}`, target: `/${each}` })),
    limits: { vcpus: 1, memoryMib: 64 },
    cgroupVersion: await observeCgroupVersion(),
  }).replace(/^lxc\.init\.cmd = .*$/m, 'lxc.init.cmd = /usr/bin/true');
  await writeFile(join(container, 'config'), configuration, { mode: 0o600 });
  const log = join(directory, 'lxc.log');
  await tryStep('start a system container', 'lxc-start', [
    ...['--name', name, '--lxcpath', directory, '--foreground', '--logfile', log, '--logpriority', 'WARN'],
  ]);
}

async function tryStep(what: string, program: string, args: readonly string[]): Promise<void> {
  try {
    await requireProgram(program, args, { timeoutMs: 20_000 });
  } catch (error) {
    throw refused(
      `This host does not permit the local driver to ${what}. Run it on a machine or virtual machine with full root rights, or use the simulated driver.`,
      detailOf(error),
    );
  }
}

function refused(publicMessage: string, detail: string): BaykeeperError {
  return new BaykeeperError({ code: 'provider-refused', publicMessage, detail });
}

async function requireInstalled(program: string): Promise<void> {
  for (const directory of (CLEAN_ENVIRONMENT['PATH'] ?? '').split(delimiter)) {
    if (
      await access(join(directory, program)).then(
        () => true,
        () => false,
      )
    )
      return;
  }
  throw missingProgram(program);
}
