/** What is done for each of the driver's calls, as changes that can be batched and undone. */
import type { LoadBalancerSpec } from '../../contracts/load-balancer.js';
import { portRefused, type AddressPool } from './address-pool.js';
import { deleteBalancer, readBalancer, writeBalancer, type BalancerRecord } from './balancer-files.js';
import type { Change } from './change-batches.js';
import { changeMembers, cutOldConnections, type LeavingMembers } from './change-members.js';
import { writeBalancerPart } from './haproxy-files.js';
import type { HaproxyProcess } from './haproxy-process.js';
import type { HaproxyPaths } from './haproxy.config.js';
import { refused } from './haproxy.errors.js';
import { tryBind } from './host-addresses.js';
import { backendName, checkRecord, frontendName, frontendNames, frontendPrefix } from './render-configuration.js';
import { parseStatistics } from './runtime-answers.js';

type Members = BalancerRecord['members'];

export interface ListenerChanges {
  ensure(spec: LoadBalancerSpec): Change<BalancerRecord>;
  /** @param change from the members it has to those it shall have */
  setMembers(id: string, change: (members: Members) => Members): Change<LeavingMembers>;
  remove(id: string): Change<void>;
}

export interface ListenerSurroundings {
  readonly paths: HaproxyPaths;
  readonly haproxy: HaproxyProcess;
  readonly pool: AddressPool;
}

export function openListenerChanges({ paths, haproxy, pool }: ListenerSurroundings): ListenerChanges {
  /** @returns names of the frontends that the running HAProxy has for this load balancer; none if it does not run. */
  async function observeFrontends(id: string): Promise<ReadonlySet<string>> {
    const answer = await haproxy.ask(['show stat -1 1 -1']).catch(() => '');
    const names = parseStatistics(answer).map((statistic) => statistic.proxy);
    return new Set(names.filter((name) => name.startsWith(frontendPrefix(id))));
  }

  async function isLoaded(record: BalancerRecord): Promise<boolean> {
    const live = await observeFrontends(record.id);
    const wanted = frontendNames(record);
    return live.size === wanted.length && wanted.every((name) => live.has(name));
  }

  /** @throws BaykeeperError `provider-refused` when another program has a port of a listener that is not live yet. */
  async function checkPorts(record: BalancerRecord): Promise<void> {
    const live = await observeFrontends(record.id);
    for (const listener of record.listeners) {
      if (live.has(frontendName(record.id, listener))) continue;
      const result = await tryBind(record.address, listener.port);
      if (result !== 'free') throw portRefused(listener.port, result, record.address);
    }
  }

  async function write(record: BalancerRecord): Promise<void> {
    checkRecord(record);
    await writeBalancer(paths, record);
    await writeBalancerPart(paths, record);
  }

  async function ensureLoaded(record: BalancerRecord): Promise<void> {
    if (await isLoaded(record)) return;
    await checkPorts(record);
    throw refused('The load balancer does not listen. It is tried again.', record.id);
  }

  return {
    ensure(spec) {
      let before: BalancerRecord | null = null;
      let record: BalancerRecord | null = null;
      return {
        async write() {
          before = await readBalancer(paths, spec.id);
          const names = spec.listeners.map((listener) => listener.name);
          const staying = Object.entries(before?.members ?? {}).filter(([listener]) => names.includes(listener));
          const draft = { ...pick(spec), members: Object.fromEntries(staying) };
          // Before an address is given out for something that will not be taken.
          checkRecord({ ...draft, address: '127.0.0.1' });
          const ports = spec.listeners.map((listener) => listener.port);
          const address = before?.address ?? (await pool.reserve(spec.id, ports));
          record = { ...draft, address };
          await pool.ensureAssigned(address);
          if (await haproxy.isRunning()) await checkPorts(record);
          await write(record);
          return !(await isLoaded(record));
        },
        async undo() {
          if (before) await write(before);
          else {
            await deleteBalancer(paths, spec.id);
            await pool.release(spec.id);
          }
        },
        async finish() {
          if (!record) throw refused('The load balancer was not written. It is tried again.', spec.id);
          await ensureLoaded(record);
          return record;
        },
      };
    },

    setMembers(id, change) {
      let before: BalancerRecord | null = null;
      let record: BalancerRecord | null = null;
      return {
        async write() {
          before = await readBalancer(paths, id);
          if (!before) throw refused('The load balancer is gone. It is made anew.', id);
          record = { ...before, members: change(before.members) };
          await write(record);
          return !(await isLoaded(record));
        },
        async undo() {
          if (before) await write(before);
        },
        async finish() {
          if (!record) return { told: [], staying: [] };
          await ensureLoaded(record);
          return changeMembers(haproxy, record);
        },
      };
    },

    remove(id) {
      let before: BalancerRecord | null = null;
      return {
        async write() {
          before = await readBalancer(paths, id);
          await deleteBalancer(paths, id);
          return (await observeFrontends(id)).size > 0;
        },
        async undo() {
          if (before) await write(before);
        },
        async finish() {
          // Its listeners went with the reload; its connections are with the workers of before.
          await cutOldConnections(haproxy, ({ backend }) => backend.startsWith(backendName(id, '')));
          await pool.release(id);
        },
      };
    },
  };
}

/** Only what belongs in the record, whatever else the caller's object carries. */
function pick({ id, installation, bayId, listeners }: LoadBalancerSpec): Omit<BalancerRecord, 'address' | 'members'> {
  return { id, installation, bayId, listeners };
}
