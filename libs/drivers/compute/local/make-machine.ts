/** Makes everything of a machine that must exist before its first start. */
import { access, mkdir, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';
import type { MachineSpec } from '../../contracts/compute.js';
import { reserveAddress } from './addresses.js';
import { BOOT_UNIT_LINK, BOOT_UNIT_PATH, renderBootFiles, renderResolver } from './boot-files.js';
import { removeTree } from './containers.js';
import { ARTIFACTS_IN_NODE, type ImageDefinition } from './image-definition.js';
import type { LocalPaths } from './local.config.js';
import { renderLxcConfiguration, type CgroupVersion } from './lxc-configuration.js';
import { machinePaths, saveMachineRecord, type MachinePaths, type MachineRecord } from './machine-record.js';
import { writeNodeFile, writeNodeLink } from './node-tree.js';
import { gatewayOf, hardwareAddressFor, type Subnet } from './subnet.js';
import { absentAsUndefined, writeAtomically } from './write-atomically.js';

export interface MachineParts {
  readonly paths: LocalPaths;
  readonly subnet: Subnet;
  readonly image: ImageDefinition;
  readonly rootFilesystem: string;
  readonly artifactsDirectory: string | null;
}

/** Idempotent: a machine that was left half made is made anew, with the same address. */
export async function makeMachine(parts: MachineParts, spec: MachineSpec): Promise<MachineRecord> {
  const { paths, subnet } = parts;
  const machine = machinePaths(paths, spec.id);
  const record: MachineRecord = {
    id: spec.id,
    name: spec.name,
    installation: spec.installation,
    bayId: spec.bayId,
    image: spec.image,
    address: null,
    phase: 'making',
    failure: null,
  };
  // First of all, so that whatever follows belongs to a machine that is listed, and so gets removed.
  await saveMachineRecord(paths, record);
  const address = await reserveAddress(paths, subnet, spec.id);
  await saveMachineRecord(paths, { ...record, address });
  await writeTree(parts, machine, spec, address);
  const binds = [...(await makeDataDirectories(machine, parts.image)), ...(await findArtifacts(parts))];
  const configuration = renderLxcConfiguration({
    name: spec.name,
    rootFilesystem: parts.rootFilesystem,
    upper: machine.upper,
    consoleLog: machine.console,
    bridge: paths.bridge,
    hostLink: hostLinkFor(spec.id),
    hardwareAddress: hardwareAddressFor(address),
    address,
    prefixLength: subnet.prefixLength,
    gateway: gatewayOf(subnet),
    binds,
    limits: spec.flavor,
    cgroupVersion: await observeCgroupVersion(),
  });
  await writeAtomically(machine.lxcConfiguration, configuration, 0o600);
  const made: MachineRecord = { ...record, address, phase: 'made' };
  await saveMachineRecord(paths, made);
  return made;
}

async function writeTree(
  parts: MachineParts,
  machine: MachinePaths,
  spec: MachineSpec,
  address: string,
): Promise<void> {
  for (const left of [machine.upper, machine.overlayWork]) if (await exists(left)) await removeTree(left);
  await mkdir(machine.upper, { mode: 0o755 });
  const tree = { lower: parts.rootFilesystem, upper: machine.upper };
  const resolver = await loadResolver();
  for (const file of [...renderBootFiles(spec, address, resolver), ...spec.files]) await writeNodeFile(tree, file);
  await writeNodeLink(tree, BOOT_UNIT_LINK, BOOT_UNIT_PATH);
}

async function makeDataDirectories(
  machine: MachinePaths,
  image: ImageDefinition,
): Promise<readonly { source: string; target: string }[]> {
  const binds = image.data_directories.map((target) => ({
    source: join(machine.dataDirectories, target.slice(1).replaceAll('/', '-')),
    target,
  }));
  for (const { source } of binds) await mkdir(source, { recursive: true, mode: 0o711 });
  return binds;
}

/** Nothing while nothing was ever imported: then there is no directory that could be mounted. */
async function findArtifacts(
  parts: MachineParts,
): Promise<readonly { source: string; target: string; readOnly: true }[]> {
  const { artifactsDirectory, image } = parts;
  if (image.artifacts !== true || artifactsDirectory === null || !(await exists(artifactsDirectory))) return [];
  return [{ source: artifactsDirectory, target: ARTIFACTS_IN_NODE, readOnly: true }];
}

/** The host's end of the machine's link: at most 15 characters, from a hash because ids may share their first digits. */
function hostLinkFor(id: string): string {
  return `bkv${createHash('sha256').update(id).digest('hex').slice(0, 12)}`;
}

/** systemd-resolved's own list comes first: the usual file then names only a server on the host's loopback. */
async function loadResolver(): Promise<string> {
  for (const file of ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf']) {
    const rendered = renderResolver((await absentAsUndefined(readFile(file, 'utf8'))) ?? '');
    if (rendered !== null) return rendered;
  }
  return '';
}

/** @throws BaykeeperError `provider-refused` on a host without cgroups */
export async function observeCgroupVersion(): Promise<CgroupVersion> {
  if (await exists('/sys/fs/cgroup/cgroup.controllers')) return 2;
  if (await exists('/sys/fs/cgroup/devices')) return 1;
  throw new BaykeeperError({
    code: 'provider-refused',
    publicMessage: 'The local driver needs control groups, and none are mounted at /sys/fs/cgroup on this host.',
  });
}

async function exists(path: string): Promise<boolean> {
  return (await absentAsUndefined(access(path).then(() => true))) ?? false;
}
