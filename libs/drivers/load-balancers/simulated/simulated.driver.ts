/**
 * Load balancers that are only remembered: for trying the product without rights, and for scale and fault tests. It says
 * `simulated` wherever it shows up, and no packet ever passes through it.
 */
import { createHash } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BaykeeperError, isUuid, type Listener, type Member } from '@baykeeper/domain';
import type { LoadBalancerDriver, LoadBalancerView } from '../../contracts/load-balancer.js';
import { withProcessLock } from '../../locking/process-lock.js';

export interface SimulatedLoadBalancerConfig {
  readonly dataDirectory: string;
  /** How long each change takes; 0 unless given. */
  readonly latencyMs?: number;
  /** The share (0 to 1) of calls that fail for no reason, as a cloud's do; 0 unless given. */
  readonly failureRate?: number;
}

interface SimulatedRecord {
  readonly id: string;
  readonly installation: string;
  readonly bayId: string;
  readonly address: string;
  readonly listeners: readonly Listener[];
  readonly members: Readonly<Record<string, readonly Member[]>>;
}

/** Files open at once while all are read: far below any limit on open files. */
const READ_AT_ONCE = 64;
/** 198.18.0.0/15 is for benchmarks (RFC 2544) and routed nowhere. */
const FIRST_ADDRESS = 0xc6120000;
const ADDRESSES = 2 ** 17;
/** Places at which a reserved address is looked for. */
const NEAR = 32;

export function createSimulatedLoadBalancer(config: SimulatedLoadBalancerConfig): LoadBalancerDriver {
  const { latencyMs = 0, failureRate = 0 } = config;
  const directory = simulatedLoadBalancersDirectory(config.dataDirectory);
  const addresses = join(directory, 'addresses');
  const fileOf = (id: string): string => join(directory, `${id}.json`);

  /** One process at a time changes a load balancer; different ones go on side by side. */
  async function change<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (!isUuid(id)) throw refused('The load balancer was asked for something it does not take.', id);
    await simulateCloud();
    return withProcessLock(`simulated load balancer ${directory} ${id}`, async () => {
      await mkdir(addresses, { recursive: true, mode: 0o700 });
      return work();
    });
  }

  async function simulateCloud(): Promise<void> {
    if (latencyMs > 0) await sleep(latencyMs);
    if (Math.random() < failureRate)
      throw new BaykeeperError({
        code: 'provider-unavailable',
        publicMessage: 'The simulated cloud failed, as its failure rate asks for. It will be tried again.',
      });
  }

  async function read(id: string): Promise<SimulatedRecord | null> {
    try {
      return JSON.parse(await readFile(fileOf(id), 'utf8')) as SimulatedRecord;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async function write(record: SimulatedRecord): Promise<void> {
    await writeFile(`${fileOf(record.id)}.new`, JSON.stringify(record), { mode: 0o600 });
    await rename(`${fileOf(record.id)}.new`, fileOf(record.id));
  }

  /** The same id looks at the same address first, so that one which was killed here finds its own again. */
  async function reserveAddress(id: string): Promise<string> {
    for (let tried = 0; tried < ADDRESSES; tried += 1) {
      const address = addressAt(id, tried);
      const path = join(addresses, address);
      // With its content or not at all: a link is made in one step.
      const whole = `${path}.${id}.new`;
      await writeFile(whole, id, { mode: 0o600 });
      try {
        await link(whole, path);
        return address;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        if ((await holderOf(address)) === id) return address;
      } finally {
        await rm(whole, { force: true });
      }
    }
    throw refused('No address is left for a load balancer. Delete a bay.', 'all of 198.18.0.0/15 is given out');
  }

  async function holderOf(address: string): Promise<string> {
    return readFile(join(addresses, address), 'utf8').catch(() => '');
  }

  /** What was reserved by somebody who was killed before there was a record. Near its first place, unless nearly all are taken. */
  async function findReserved(id: string): Promise<string | null> {
    for (let tried = 0; tried < NEAR; tried += 1) {
      const address = addressAt(id, tried);
      if ((await holderOf(address)) === id) return address;
    }
    return null;
  }

  return {
    name: 'simulated',
    ensureLoadBalancer({ id, installation, bayId, listeners }) {
      return change(id, async () => {
        const known = await read(id);
        const names = new Set(listeners.map((listener) => listener.name));
        const members = Object.fromEntries(Object.entries(known?.members ?? {}).filter(([name]) => names.has(name)));
        const address = known?.address ?? (await reserveAddress(id));
        const record = { id, installation, bayId, listeners, address, members };
        await write(record);
        return viewOf(record);
      });
    },
    ensureMembers(id, wanted) {
      return change(id, async () => {
        const known = await read(id);
        if (!known) throw refused('The load balancer is gone. It is made anew.', id);
        const names = new Set(known.listeners.map((listener) => listener.name));
        if (Object.keys(wanted).some((name) => !names.has(name)))
          throw refused('The load balancer was asked for something it does not take.', Object.keys(wanted).join(' '));
        await write({ ...known, members: wanted });
      });
    },
    async removeLoadBalancer(id) {
      if (!isUuid(id)) return;
      await change(id, async () => {
        // The address first: whoever is killed in between finds by the record what it held.
        const address = (await read(id))?.address ?? (await findReserved(id));
        if (address !== null && (await holderOf(address)) === id) await rm(join(addresses, address), { force: true });
        await rm(fileOf(id), { force: true });
      });
    },
    async list(installation) {
      const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
      const views: LoadBalancerView[] = [];
      for (let from = 0; from < names.length; from += READ_AT_ONCE) {
        const some = names.slice(from, from + READ_AT_ONCE);
        for (const record of await Promise.all(some.map((name) => read(name.slice(0, -'.json'.length)))))
          if (record?.installation === installation) views.push(viewOf(record));
      }
      return views;
    },
    close: () => Promise.resolve(),
  };
}

export function simulatedLoadBalancersDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'simulated-load-balancers');
}

/** Forgets all load balancers of the data directory. Run it when no server uses the directory any more. */
export async function purgeSimulatedLoadBalancers(config: { readonly dataDirectory: string }): Promise<void> {
  await rm(simulatedLoadBalancersDirectory(config.dataDirectory), { recursive: true, force: true });
}

/** From a place that the id decides. */
function addressAt(id: string, offset: number): string {
  const start = createHash('sha256').update(id).digest().readUInt32BE(0);
  const number = FIRST_ADDRESS + ((start + offset) % ADDRESSES);
  return [24, 16, 8, 0].map((shift) => String((number >>> shift) & 255)).join('.');
}

function refused(publicMessage: string, detail: string): BaykeeperError {
  return new BaykeeperError({ code: 'provider-refused', publicMessage, detail });
}

function viewOf(record: SimulatedRecord): LoadBalancerView {
  return {
    id: record.id,
    bayId: record.bayId,
    address: record.address,
    listeners: record.listeners.map((listener) => ({
      name: listener.name,
      port: listener.port,
      members: (record.members[listener.name] ?? []).map((member) => ({ ...member, health: 'up' })),
    })),
  };
}
