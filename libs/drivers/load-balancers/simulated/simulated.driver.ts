/**
 * Load balancers that are only remembered: for trying the product without rights, and for scale and fault tests. It says
 * `simulated` wherever it shows up, and no packet ever passes through it.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BaykeeperError, isUuid, type Listener, type Member } from '@baykeeper/domain';
import type { LoadBalancerDriver, LoadBalancerView } from '../../contracts/load-balancer.js';
import { withProcessLock } from '../../locking/process-lock.js';

export interface SimulatedLoadBalancerConfig {
  readonly dataDirectory: string;
}

interface SimulatedRecord {
  readonly id: string;
  readonly installation: string;
  readonly bayId: string;
  readonly address: string;
  readonly listeners: readonly Listener[];
  readonly members: Readonly<Record<string, readonly Member[]>>;
}

export function createSimulatedLoadBalancer({ dataDirectory }: SimulatedLoadBalancerConfig): LoadBalancerDriver {
  const directory = join(dataDirectory, 'simulated-load-balancers');
  const fileOf = (id: string): string => join(directory, `${id}.json`);
  const locked = <T>(work: () => Promise<T>): Promise<T> =>
    withProcessLock(`simulated load balancers ${dataDirectory}`, work);

  async function read(id: string): Promise<SimulatedRecord | null> {
    if (!isUuid(id)) return null;
    return readFile(fileOf(id), 'utf8').then(
      (text) => JSON.parse(text) as SimulatedRecord,
      () => null,
    );
  }

  async function write(record: SimulatedRecord): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(`${fileOf(record.id)}.new`, JSON.stringify(record), { mode: 0o600 });
    await rename(`${fileOf(record.id)}.new`, fileOf(record.id));
  }

  return {
    name: 'simulated',
    ensureLoadBalancer(spec) {
      return locked(async () => {
        const known = await read(spec.id);
        const names = new Set(spec.listeners.map((listener) => listener.name));
        const members = Object.fromEntries(Object.entries(known?.members ?? {}).filter(([name]) => names.has(name)));
        const record = { ...spec, address: known?.address ?? addressOf(spec.id), members };
        await write(record);
        return viewOf(record);
      });
    },
    ensureMembers(id, wanted) {
      return locked(async () => {
        const known = await read(id);
        if (!known)
          throw new BaykeeperError({
            code: 'provider-refused',
            publicMessage: 'The load balancer is gone. It is made anew.',
            detail: id,
          });
        await write({ ...known, members: wanted });
      });
    },
    removeLoadBalancer(id) {
      return locked(async () => {
        if (isUuid(id)) await rm(fileOf(id), { force: true });
      });
    },
    async list(installation) {
      const names = await readdir(directory).catch(() => []);
      const records = await Promise.all(
        names.filter((name) => name.endsWith('.json')).map((name) => read(name.slice(0, -'.json'.length))),
      );
      return records
        .filter((record) => record?.installation === installation)
        .flatMap((record) => (record ? [viewOf(record)] : []));
    },
    close: () => Promise.resolve(),
  };
}

/** From the network for benchmarks (RFC 2544), which is routed nowhere; the same id has the same address. */
function addressOf(id: string): string {
  const [a = 0, b = 0] = createHash('sha256').update(id).digest();
  return `198.19.${String(a)}.${String(1 + (b % 254))}`;
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
