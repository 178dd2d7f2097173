/**
 * Addresses for load balancers. With the right to do so they are real addresses on this machine's loopback interface, which
 * nodes and (with a route) clients elsewhere reach; without it, loopback addresses, which need no rights.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { BlockList, isIPv4 } from 'node:net';
import { promisify } from 'node:util';
import type { HaproxyConfig, HaproxyPaths } from './haproxy.config.js';
import { refused, unavailable } from './haproxy.errors.js';

const run = promisify(execFile);

interface Pool {
  readonly cidr: string;
  /** Whether addresses must be put on an interface before they can be bound. */
  readonly assigned: boolean;
}

export interface AddressPool {
  /** @throws BaykeeperError `provider-refused` when all are taken. */
  pick(taken: ReadonlySet<string>): Promise<string>;
  /** Makes the address bindable. Idempotent. */
  assign(address: string): Promise<void>;
  /** Takes it off again, if we put it there. Idempotent. */
  unassign(address: string): Promise<void>;
}

export function openAddressPool(config: HaproxyConfig, paths: HaproxyPaths): AddressPool {
  let loaded: Promise<Pool> | null = null;
  const pool = (): Promise<Pool> =>
    (loaded ??= loadPool(config, paths).catch((error: unknown) => {
      loaded = null;
      throw error;
    }));

  return {
    async pick(taken) {
      const { cidr } = await pool();
      for (const address of addressesOf(cidr)) if (!taken.has(address)) return address;
      throw refused('No address is left for a load balancer. Widen BAYKEEPER_LB_ADDRESSES or delete a bay.', cidr);
    },
    async assign(address) {
      if (!(await pool()).assigned) return;
      await run('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']).catch(async (error: unknown) => {
        if (!(await isOnThisMachine(address)))
          throw unavailable('The address of a load balancer could not be set. It is tried again.', error);
      });
    },
    async unassign(address) {
      if (!(await pool()).assigned) return;
      await run('ip', ['address', 'del', `${address}/32`, 'dev', 'lo']).catch(() => undefined);
    },
  };
}

async function loadPool(config: HaproxyConfig, paths: HaproxyPaths): Promise<Pool> {
  if (config.addressPool !== null)
    return { cidr: config.addressPool, assigned: !config.addressPool.startsWith('127.') };
  try {
    return JSON.parse(await readFile(paths.pool, 'utf8')) as Pool;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const picked = await pickPool(config.dataDirectory);
  await writeFile(paths.pool, JSON.stringify(picked), { mode: 0o600 });
  return picked;
}

/** Two installations on one machine start looking at different places, so that they hardly ever meet. */
async function pickPool(dataDirectory: string): Promise<Pool> {
  const seed = createHash('sha256').update(dataDirectory).digest();
  const [first = 0, second = 0] = seed;
  const loopback: Pool = { cidr: `127.${String(64 + (first % 64))}.${String(second)}.0/24`, assigned: false };
  if (!(await mayAssign())) return loopback;
  const used = await usedNetworks();
  for (let tried = 0; tried < 4096; tried += 1) {
    const number = (first * 256 + second + tried) % 4096;
    const network = `10.${String(192 + (number >> 8))}.${String(number & 255)}`;
    if (!used.check(`${network}.0`) && !used.check(`${network}.255`) && !used.check(`${network}.1`))
      return { cidr: `${network}.0/24`, assigned: true };
  }
  return loopback;
}

/** Found out by trying: the right to set an address does not follow from the user's id. */
async function mayAssign(): Promise<boolean> {
  const probe = '127.127.127.127/32';
  try {
    await run('ip', ['address', 'add', probe, 'dev', 'lo']);
    await run('ip', ['address', 'del', probe, 'dev', 'lo']);
    return true;
  } catch {
    return false;
  }
}

interface Route {
  readonly dst?: string;
}
interface Link {
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

async function usedNetworks(): Promise<BlockList> {
  const used = new BlockList();
  const [routes, links] = await Promise.all([
    run('ip', ['-json', '-4', 'route']),
    run('ip', ['-json', '-4', 'address']),
  ]);
  for (const route of JSON.parse(routes.stdout || '[]') as Route[]) {
    const [network = '', bits = '32'] = (route.dst ?? '').split('/');
    if (isIPv4(network)) used.addSubnet(network, Number(bits));
  }
  for (const link of JSON.parse(links.stdout || '[]') as Link[]) {
    for (const { local, prefixlen } of link.addr_info ?? []) {
      // A single address blocks its whole /24: it is another installation's pool.
      if (local !== undefined) used.addSubnet(local, Math.min(prefixlen ?? 32, 24));
    }
  }
  return used;
}

async function isOnThisMachine(address: string): Promise<boolean> {
  const { stdout } = await run('ip', ['-json', '-4', 'address']);
  return (JSON.parse(stdout || '[]') as Link[]).some((link) =>
    (link.addr_info ?? []).some((info) => info.local === address),
  );
}

/** The usable addresses of a network: all but its first and last. */
export function* addressesOf(cidr: string): Generator<string> {
  const [network = '', bits = '32'] = cidr.split('/');
  const base = network.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(bits));
  if (size <= 2) {
    yield network;
    return;
  }
  const start = Math.floor(base / size) * size;
  for (let number = start + 1; number < start + size - 1; number += 1) {
    yield [24, 16, 8, 0].map((shift) => String(Math.floor(number / 2 ** shift) % 256)).join('.');
  }
}
