/**
 * Load balancers on one managed HAProxy. Members change through the runtime socket and never need a reload; a reload is
 * for a new or removed listener. The files are written before HAProxy is told, so that whatever happens in between is put
 * right by doing the same again.
 */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { BaykeeperError, type Member } from '@baykeeper/domain';
import type { LoadBalancerDriver, LoadBalancerView, MemberView } from '../../contracts/load-balancer.js';
import { withProcessLock } from '../../locking/process-lock.js';
import { openAddressPool, type AddressPool } from './address-pool.js';
import {
  deleteBalancer,
  prepareDirectories,
  readBalancer,
  readBalancers,
  writeBalancer,
  type BalancerRecord,
} from './balancer-files.js';
import { hasHaproxyState, openHaproxyProcess, type HaproxyProcess } from './haproxy-process.js';
import { pathsOf, type HaproxyConfig } from './haproxy.config.js';
import { refused } from './haproxy.errors.js';
import { backendName, checkRecord, CHECK, serverName } from './render-configuration.js';
import { parseServersState, parseStatistics, type ServerStatus } from './runtime-socket.js';

/** How long a member that leaves may finish its connections before they are cut. */
const LET_SESSIONS_END_MS = 2_000;

export function createHaproxyLoadBalancer(config: HaproxyConfig): LoadBalancerDriver {
  const paths = pathsOf(config);
  const haproxy = openHaproxyProcess(config, paths);
  const pool = openAddressPool(config, paths);
  const locked = <T>(work: () => Promise<T>): Promise<T> =>
    withProcessLock(`haproxy ${config.dataDirectory}`, async () => {
      await prepareDirectories(paths);
      return work();
    });

  async function run(): Promise<void> {
    // After a reboot of the host the addresses are gone, and HAProxy with them.
    if (await isDown(haproxy)) for (const record of await readBalancers(paths)) await pool.assign(record.address);
    await haproxy.ensureRunning();
  }

  return {
    name: 'haproxy',

    ensureLoadBalancer(spec) {
      return locked(async () => {
        const known = await readBalancer(paths, spec.id);
        const address = known?.address ?? (await pickAddress(pool, await readBalancers(paths)));
        const names = new Set(spec.listeners.map((listener) => listener.name));
        const members = Object.fromEntries(
          Object.entries(known?.members ?? {}).filter(([listener]) => names.has(listener)),
        );
        const record: BalancerRecord = {
          id: spec.id,
          installation: spec.installation,
          bayId: spec.bayId,
          address,
          listeners: spec.listeners,
          members,
        };
        checkRecord(record);
        await writeBalancer(paths, record);
        await pool.assign(address);
        await run();
        if (!(await isListening(haproxy, record))) {
          try {
            await haproxy.reload();
          } catch (error) {
            // What HAProxy refuses must not stand in the way of every other bay's next reload.
            if (error instanceof BaykeeperError && error.code === 'provider-refused')
              await (known ? writeBalancer(paths, known) : deleteBalancer(paths, spec.id));
            throw error;
          }
        }
        return viewOf(record, []);
      });
    },

    ensureMembers(id, wanted) {
      return locked(async () => {
        const known = await readBalancer(paths, id);
        if (!known) throw refused('The load balancer is gone. It is made anew.', id);
        const record: BalancerRecord = { ...known, members: { ...wanted } };
        checkRecord(record);
        await writeBalancer(paths, record);
        await run();
        await changeMembers(haproxy, record);
      });
    },

    removeLoadBalancer(id) {
      return locked(async () => {
        const known = await readBalancer(paths, id);
        if (!known) return;
        await deleteBalancer(paths, id);
        if (!(await isDown(haproxy))) await haproxy.reload();
        await pool.unassign(known.address);
      });
    },

    list(installation) {
      return locked(async () => {
        const records = (await readBalancers(paths)).filter((record) => record.installation === installation);
        if (records.length === 0) return [];
        await run();
        const statuses = parseStatistics(await haproxy.ask('show stat'));
        return records.map((record) => viewOf(record, statuses));
      });
    },

    // HAProxy carries the bays' traffic and goes on without us.
    close: () => Promise.resolve(),
  };
}

/** Stops HAProxy and takes back every address and file. */
export async function purgeHaproxy(config: HaproxyConfig): Promise<void> {
  const paths = pathsOf(config);
  if (!(await hasHaproxyState(paths))) return;
  await withProcessLock(`haproxy ${config.dataDirectory}`, async () => {
    await openHaproxyProcess(config, paths).stop();
    const pool = openAddressPool(config, paths);
    for (const record of await readBalancers(paths)) await pool.unassign(record.address);
    await rm(paths.directory, { recursive: true, force: true });
  });
}

/** Whether HAProxy can be had on this machine at all. */
export function hasHaproxy(binary = 'haproxy'): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(binary, ['-v'], { timeout: 5_000 }, (error) => {
      resolve(error === null);
    });
  });
}

async function isDown(haproxy: HaproxyProcess): Promise<boolean> {
  return haproxy.ask('show info').then(
    () => false,
    () => true,
  );
}

async function isListening(haproxy: HaproxyProcess, record: BalancerRecord): Promise<boolean> {
  const statistics = await haproxy.ask('show stat');
  const prefix = backendName(record.id, '');
  const live = new Set(
    statistics
      .split('\n')
      .map((row) => row.split(','))
      .filter(([proxy = '', server]) => server === 'FRONTEND' && proxy.startsWith(prefix))
      .map(([proxy = '']) => proxy),
  );
  const wanted = record.listeners.map((listener) => backendName(record.id, listener.name));
  return live.size === wanted.length && wanted.every((name) => live.has(name));
}

async function pickAddress(pool: AddressPool, records: readonly BalancerRecord[]): Promise<string> {
  return pool.pick(new Set(records.map((record) => record.address)));
}

/** Tells the running HAProxy the difference, and nothing else. */
async function changeMembers(haproxy: HaproxyProcess, record: BalancerRecord): Promise<void> {
  for (const listener of record.listeners) {
    const backend = backendName(record.id, listener.name);
    const live = parseServersState(await haproxy.ask(`show servers state ${backend}`));
    const wanted = record.members[listener.name] ?? [];
    const key = (server: { name: string; address: string; port: number }): string =>
      `${server.name} ${server.address} ${String(server.port)}`;
    const wantedKeys = new Set(wanted.map((member) => key({ ...member, name: serverName(member) })));
    const liveKeys = new Set(live.map(key));
    for (const server of live) if (!wantedKeys.has(key(server))) await deleteServer(haproxy, backend, server.name);
    for (const member of wanted)
      if (!liveKeys.has(key({ ...member, name: serverName(member) }))) await addServer(haproxy, backend, member);
  }
}

async function addServer(haproxy: HaproxyProcess, backend: string, member: Member): Promise<void> {
  const server = `${backend}/${serverName(member)}`;
  const answer = await haproxy.ask(`add server ${server} ${member.address}:${String(member.port)} ${CHECK}`);
  if (!/^New server registered/m.test(answer))
    throw refused('The load balancer did not take a member. It is tried again.', answer);
  await haproxy.ask(`enable health ${server}`);
  await haproxy.ask(`enable server ${server}`);
}

/** No new connection goes there from the first line on; open ones may end, within bounds. */
async function deleteServer(haproxy: HaproxyProcess, backend: string, name: string): Promise<void> {
  const server = `${backend}/${name}`;
  await haproxy.ask(`set server ${server} state maint`);
  const cutAt = Date.now() + LET_SESSIONS_END_MS;
  const endAt = cutAt + LET_SESSIONS_END_MS;
  for (;;) {
    const answer = await haproxy.ask(`del server ${server}`);
    if (/^Server deleted/m.test(answer) || /No such (server|backend)/.test(answer)) return;
    if (Date.now() > endAt) throw refused('The load balancer did not let a member go. It is tried again.', answer);
    if (Date.now() > cutAt) await haproxy.ask(`shutdown sessions server ${server}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function viewOf(record: BalancerRecord, statuses: readonly ServerStatus[]): LoadBalancerView {
  const known = new Map(statuses.map((status) => [`${status.backend}/${status.name}`, status.status]));
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

/** `UP`; `UP 1/2` is on its way down and `DOWN 1/2` on its way up: both are being checked. */
function healthOf(status: string | undefined): MemberView['health'] {
  if (status === 'UP') return 'up';
  if (status === 'DOWN' || status === 'MAINT') return 'down';
  return status !== undefined && /^(UP|DOWN) \d/.test(status) ? 'checking' : 'unknown';
}
