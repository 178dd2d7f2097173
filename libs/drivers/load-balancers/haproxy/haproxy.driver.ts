/**
 * Load balancers on one managed HAProxy. Members change through the runtime socket and never need a reload; a reload is
 * for a new or removed listener. The files are written before HAProxy is told, so that whatever happens in between is put
 * right by doing the same again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MemberChanges } from '@baykeeper/domain';
import type { ListenerView, LoadBalancerDriver, LoadBalancerView, MemberView } from '../../contracts/load-balancer.js';
import { openAddressPool } from './address-pool.js';
import { readBalancer, readBalancers, type BalancerRecord } from './balancer-files.js';
import { openChangeBatches, type Change } from './change-batches.js';
import {
  changeMembers,
  cutConnections,
  observeConnected,
  observeListener,
  type LeavingMembers,
} from './change-members.js';
import { withHaproxyLock } from './haproxy-lock.js';
import { openHaproxyProcess } from './haproxy-process.js';
import { pathsOf, type HaproxyConfig } from './haproxy.config.js';
import { refused } from './haproxy.errors.js';
import { openListenerChanges } from './listener-changes.js';
import { loadHaproxy } from './load-haproxy.js';
import { backendName, serverName, serversOf } from './render-configuration.js';
import { parseStatistics, type Statistic } from './runtime-answers.js';
import { watchHaproxy } from './watch-haproxy.js';

export { purgeHaproxy, stopHaproxy } from './haproxy.purge.js';
export { hasHaproxy } from './run-program.js';

type Members = BalancerRecord['members'];

/** How long a member that leaves may finish its connections before they are cut. */
const LET_SESSIONS_END_MS = 2_000;
/** How long HAProxy may take to forget a member whose connections were cut. */
const FORGET_MS = 5_000;
const ASK_AGAIN_MS = 50;

/** Nothing runs and no file is made before the driver is asked to, except that what ran before is started again. */
export function createHaproxyLoadBalancer(config: HaproxyConfig): LoadBalancerDriver {
  const paths = pathsOf(config);
  const haproxy = openHaproxyProcess(config, paths);
  const pool = openAddressPool(config, paths);
  const batches = openChangeBatches({
    locked: (work) => withHaproxyLock(paths, work),
    load: (reload) => loadHaproxy({ paths, haproxy, pool }, reload),
  });
  const listeners = openListenerChanges({ paths, haproxy, pool });
  const heal = (): Promise<void> =>
    batches.run({ write: () => Promise.resolve(false), undo: nothing, finish: nothing });
  const watch = watchHaproxy(paths, haproxy, heal);

  /** As often as it is asked: the members on record now, not those of whoever asked. */
  const settle = (id: string, cut: readonly string[]): Change<LeavingMembers> => ({
    write: () => Promise.resolve(false),
    undo: nothing,
    async finish() {
      const record = await readBalancer(paths, id);
      if (!record) return { told: [], staying: [] };
      await cutConnections(haproxy, cut);
      return changeMembers(haproxy, record);
    },
  });

  /** Outside the lock: other bays do not wait for this one's connections. */
  async function letGo(id: string, { told, staying }: LeavingMembers): Promise<void> {
    const cutAt = Date.now() + LET_SESSIONS_END_MS;
    let connected = await observeConnected(haproxy, told);
    while (connected.length > 0 && Date.now() < cutAt) {
      await sleep(ASK_AGAIN_MS);
      connected = await observeConnected(haproxy, told);
    }
    if (connected.length === 0 && staying.length === 0) return;
    const record = await readBalancer(paths, id);
    // One that is wanted again meanwhile keeps its connections.
    const wanted = new Set(record ? serversOf(record) : []);
    const cut = connected.filter((server) => !wanted.has(server));
    const giveUpAt = Date.now() + FORGET_MS;
    for (;;) {
      const left = await batches.run(settle(id, cut));
      if (left.staying.length === 0) return;
      if (Date.now() > giveUpAt)
        throw refused('The load balancer did not let a member go. It is tried again.', left.staying.join(' '));
      await sleep(ASK_AGAIN_MS);
    }
  }

  async function setMembers(id: string, change: (members: Members) => Members): Promise<void> {
    const leaving = await batches.run(listeners.setMembers(id, change));
    if (leaving.told.length > 0) await letGo(id, leaving);
  }

  return {
    name: 'haproxy',

    async ensureLoadBalancer(spec) {
      return viewOf(await batches.run(listeners.ensure(spec)), []);
    },

    ensureMembers: (id, wanted) => setMembers(id, () => wanted),

    changeMembers: (id, changes) => setMembers(id, (members) => changed(members, changes)),

    removeLoadBalancer: (id) => batches.run(listeners.remove(id)),

    async list(installation) {
      const records = (await readBalancers(paths)).filter((record) => record.installation === installation);
      if (records.length === 0) return [];
      const ask = (): Promise<string> => haproxy.ask(['show stat -1 4 -1']);
      // Reading needs no lock; only a HAProxy that is gone does.
      const statistics = parseStatistics(await ask().catch(() => heal().then(ask)));
      return records.map((record) => viewOf(record, statistics));
    },

    async observe(id) {
      const record = await readBalancer(paths, id);
      if (record === null) return null;
      const ask = (): Promise<readonly ListenerView[]> =>
        Promise.all(record.listeners.map((listener) => observeListener(haproxy, record, listener)));
      const seen = await ask().catch(() => heal().then(ask));
      return { id, bayId: record.bayId, address: record.address, listeners: seen };
    },

    // HAProxy carries the bays' traffic and goes on without us.
    close() {
      watch.stop();
      return Promise.resolve();
    },
  };
}

const nothing = (): Promise<void> => Promise.resolve();

function changed(members: Members, changes: Readonly<Record<string, MemberChanges>>): Members {
  const lists = Object.entries(changes).map(([listener, { put, remove }]) => {
    const gone = new Set<string>([...remove, ...put.map(({ nodeId }) => nodeId)]);
    return [listener, [...(members[listener] ?? []).filter(({ nodeId }) => !gone.has(nodeId)), ...put]] as const;
  });
  return { ...members, ...Object.fromEntries(lists) };
}

function viewOf(record: BalancerRecord, statistics: readonly Statistic[]): LoadBalancerView {
  const known = new Map(statistics.map((statistic) => [`${statistic.proxy}/${statistic.name}`, statistic]));
  return {
    id: record.id,
    bayId: record.bayId,
    address: record.address,
    listeners: record.listeners.map((listener) => ({
      name: listener.name,
      port: listener.port,
      members: (record.members[listener.name] ?? []).map((member) => ({
        ...member,
        health: healthOf(known.get(`${backendName(record.id, listener.name)}/${serverName(member)}`)),
      })),
    })),
  };
}

/** HAProxy calls a member up until a check says otherwise: before the first check, and on the way up or down, it is being checked. */
function healthOf(statistic: Statistic | undefined): MemberView['health'] {
  if (!statistic) return 'unknown';
  const { status, checkStatus } = statistic;
  if (/^(UP|DOWN) \d/.test(status) || (status === 'UP' && (checkStatus === 'INI' || checkStatus === '')))
    return 'checking';
  if (status === 'UP') return 'up';
  return status === 'DOWN' || status.startsWith('MAINT') ? 'down' : 'unknown';
}
