/**
 * Machines that are LXC system containers on this host.
 *
 * What is on disk decides, never what this process remembers: any number of processes may use one data directory, each
 * may die between any two steps, and the next call completes or removes what it finds. A lock per machine orders them.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { BaykeeperError, publicMessageOf } from '@baykeeper/domain';
import type { ComputeDriver, Machine, MachineSpec } from '../../contracts/compute.js';
import { PRIVATE_NETWORK, PRIVATE_SUBNET, PUBLIC_NETWORK, TRADITIONAL_FLAVORS } from '../traditional-entries.js';
import { releaseAddresses } from './addresses.js';
import {
  ensureContainerStopped,
  isContainerRunning,
  observeContainers,
  removeTree,
  startContainer,
} from './containers.js';
import { ensureImage } from './image-builder.js';
import { catalogueImageOf, loadImageDefinitions, requireImageDefinition } from './image-definition.js';
import { withMachineLock } from './local-locks.js';
import { localPaths, type LocalComputeConfig, type LocalPaths } from './local.config.js';
import { requireLocalCompute } from './local.probe.js';
import {
  listMachineIds,
  loadMachineRecord,
  machinePaths,
  saveMachineRecord,
  type MachineRecord,
} from './machine-record.js';
import { makeMachine } from './make-machine.js';
import { createNetworkWatch, ensureNetwork, ensureSubnet, type NetworkWatch } from './network.js';
import { capacityOf, formatSubnet, gatewayOf } from './subnet.js';
import { absentAsUndefined } from './write-atomically.js';

/** As the contract says: at most 16 KiB of console. */
const CONSOLE_BYTES = 16 * 1024;

/** @throws BaykeeperError `provider-refused` when the data directory's name cannot be used */
export function createLocalCompute(config: LocalComputeConfig): ComputeDriver {
  const paths = localPaths(config);
  const network = createNetworkWatch(paths, config);
  return {
    name: 'local',
    catalogue: {
      owner: 'administrators',
      bootsOnlyItsImages: true,
      async entries() {
        const subnet = await ensureSubnet(paths, config);
        const cidr = formatSubnet(subnet);
        return {
          flavors: TRADITIONAL_FLAVORS,
          images: (await loadImageDefinitions(config.imagesDirectory)).map(catalogueImageOf),
          networks: [
            { ...PUBLIC_NETWORK, subnets: [] },
            { ...PRIVATE_NETWORK, subnets: [{ name: PRIVATE_SUBNET, cidr, gatewayIp: gatewayOf(subnet) }] },
          ],
        };
      },
    },

    async prepare(report) {
      await requireLocalCompute(paths);
      await ensureNetwork(paths, config);
      await removeLeftovers(paths);
      for (const definition of await loadImageDefinitions(config.imagesDirectory)) {
        if (definition.built !== 'when-needed') await ensureImage(paths, definition, report);
      }
    },

    async ensureMachine(spec) {
      checkSpec(spec);
      return withMachineLock(paths, spec.id, () => ensureMachineLocked({ config, paths, network }, spec));
    },

    removeMachine(id) {
      return isMachineId(id) ? withMachineLock(paths, id, () => removeMachineLocked(paths, id)) : Promise.resolve();
    },

    async hostAddress() {
      return gatewayOf(await ensureSubnet(paths, config));
    },

    async capacity() {
      return capacityOf(await ensureSubnet(paths, config));
    },

    async listMachines(installation) {
      const ids = await listMachineIds(paths);
      const running = await observeContainers(paths);
      const records = await Promise.all(ids.map((id) => loadMachineRecord(paths, id)));
      return records
        .filter((record): record is MachineRecord => record?.installation === installation)
        .map((record) => describeMachine(record, running.has(record.id)));
    },

    async console(id) {
      return isMachineId(id) ? loadConsole(machinePaths(paths, id).console) : '';
    },
  };
}

interface LocalDriverParts {
  readonly config: LocalComputeConfig;
  readonly paths: LocalPaths;
  readonly network: NetworkWatch;
}

async function ensureMachineLocked({ config, paths, network }: LocalDriverParts, spec: MachineSpec): Promise<Machine> {
  const known = await loadMachineRecord(paths, spec.id);
  const definition = await requireImageDefinition(config.imagesDirectory, known?.image ?? spec.image);
  const subnet = await network.ensure();
  let record = known;
  if (record === null || record.phase === 'making') {
    const rootFilesystem = await ensureImage(paths, definition, () => undefined);
    record = await makeMachine(
      { paths, subnet, image: definition, rootFilesystem, artifactsDirectory: config.artifactsDirectory ?? null },
      spec,
    );
  }
  // Before the start, not after it: once it may have run, its tree must not be written to again.
  const wasStarted = record.phase === 'started';
  if (!wasStarted) record = await saved(paths, { ...record, phase: 'started' });
  try {
    // Nobody can have started what was not complete a moment ago.
    if (!wasStarted || !(await isContainerRunning(paths, spec.id))) await startContainer(paths, spec.id);
  } catch (error) {
    await saveMachineRecord(paths, { ...record, failure: publicMessageOf(error) });
    throw error;
  }
  if (record.failure !== null) record = await saved(paths, { ...record, failure: null });
  return describeMachine(record, true);
}

async function saved(paths: LocalPaths, record: MachineRecord): Promise<MachineRecord> {
  await saveMachineRecord(paths, record);
  return record;
}

async function removeMachineLocked(paths: LocalPaths, id: string): Promise<void> {
  await ensureContainerStopped(paths, id);
  const removed = join(paths.data, 'removed');
  await mkdir(removed, { recursive: true, mode: 0o700 });
  // Away in one step: a deletion that is cut short never leaves half a machine that looks like one.
  const grave = join(removed, `${id}.${randomUUID()}`);
  await absentAsUndefined(rename(machinePaths(paths, id).directory, grave));
  await releaseAddresses(paths, id);
  await removeTree(grave);
}

/** What removals that were cut short left behind; and containers whose directory is gone. */
async function removeLeftovers(paths: LocalPaths): Promise<void> {
  const removed = join(paths.data, 'removed');
  for (const name of (await absentAsUndefined(readdir(removed))) ?? []) await removeTree(join(removed, name));
  for (const id of await observeContainers(paths)) {
    await withMachineLock(paths, id, async () => {
      if ((await loadMachineRecord(paths, id)) === null) await removeMachineLocked(paths, id);
    });
  }
}

function describeMachine(record: MachineRecord, running: boolean): Machine {
  const common = { id: record.id, name: record.name, bayId: record.bayId, address: record.address };
  if (running) return { ...common, state: 'running', reason: null };
  if (record.failure !== null) return { ...common, state: 'failed', reason: record.failure };
  if (record.phase !== 'started') return { ...common, state: 'building', reason: null };
  return { ...common, state: 'stopped', reason: 'The machine is switched off.' };
}

/** Reads only what LXC itself recorded, never a file of the node's tree. */
async function loadConsole(file: string): Promise<string> {
  const handle = await absentAsUndefined(open(file, 'r'));
  if (handle === undefined) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, CONSOLE_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const text = stripVTControlCharacters(buffer.subarray(0, bytesRead).toString('utf8'));
    return text.replace(/\p{Cc}/gu, (character) => (character === '\n' || character === '\t' ? character : ''));
  } finally {
    await handle.close();
  }
}

function isMachineId(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
}

/** These values become file names and configuration lines: nothing else may pass. */
function checkSpec(spec: MachineSpec): void {
  const valid =
    isMachineId(spec.id) &&
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(spec.name) &&
    /^(\/[A-Za-z0-9._-]+)+$/.test(spec.bootCommand);
  if (valid) return;
  throw new BaykeeperError({
    code: 'provider-refused',
    publicMessage: 'The machine has an id, a name or a boot command that a local machine cannot have.',
    detail: JSON.stringify({ id: spec.id, name: spec.name, bootCommand: spec.bootCommand }),
  });
}
