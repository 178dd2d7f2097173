/**
 * Addresses for load balancers. With the right to do so they are real addresses on this machine's loopback interface, which
 * nodes and (with a route) clients elsewhere reach; without it, loopback addresses, which need no rights.
 *
 * An address is given out by making a file with its name, which only one can do (`O_EXCL`). The file says whether we put
 * the address on the interface: what an operator had put there stays when the load balancer goes.
 */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isIPv4 } from 'node:net';
import { readBalancer, writeWhole } from './balancer-files.js';
import type { HaproxyConfig, HaproxyPaths } from './haproxy.config.js';
import { refused } from './haproxy.errors.js';
import {
  ensureAddress,
  maySetAddresses,
  observeAddresses,
  observeUsedNetworks,
  removeAddress,
  tryBind,
  type BindResult,
} from './host-addresses.js';
import { addressesOf, chooseLoopbackPool, choosePool, parseNetwork, type Network } from './networks.js';

interface Reservation {
  readonly loadBalancerId: string;
  /** We put it on the interface, so we take it off again, and put it there again after a reboot. */
  readonly isOurs: boolean;
}

export interface AddressPool {
  /**
   * The address of this load balancer, a new one if it has none. `ports`: where it is going to listen.
   * @throws BaykeeperError `provider-refused` when no address is left, or the ports can be had on none.
   */
  reserve(loadBalancerId: string, ports: readonly number[]): Promise<string>;
  /** Makes the address one of this machine's again, after a reboot for example. @returns whether it can be listened on. */
  ensureAssigned(address: string): Promise<boolean>;
  /** Takes the address of this load balancer off again, if we put it there. None is success. */
  release(loadBalancerId: string): Promise<void>;
  /** Takes off all that we put there. */
  releaseAll(): Promise<void>;
}

/** A port that another program has on this many addresses, it has on all. */
const TRY_ADDRESSES = 8;

export function openAddressPool(config: HaproxyConfig, paths: HaproxyPaths): AddressPool {
  const fileOf = (address: string): string => join(paths.addresses, address);

  async function readReservation(address: string): Promise<Reservation | null> {
    try {
      return JSON.parse(await readFile(fileOf(address), 'utf8')) as Reservation;
    } catch {
      // An empty file was left by a process that was killed right after making it.
      return null;
    }
  }

  async function readReservations(): Promise<ReadonlyMap<string, Reservation | null>> {
    const names = (await readdir(paths.addresses).catch(() => [])).filter((name) => isIPv4(name));
    const reservations = new Map<string, Reservation | null>();
    for (const address of names) reservations.set(address, await readReservation(address));
    return reservations;
  }

  async function give(address: string, loadBalancerId: string): Promise<boolean> {
    try {
      const file = await open(fileOf(address), 'wx', 0o600);
      await file.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
    const isLocal = address.startsWith('127.') || (await observeAddresses()).has(address);
    // Written before the address is set: one that is set and on no record would stay for ever.
    await writeWhole(fileOf(address), JSON.stringify({ loadBalancerId, isOurs: !isLocal } satisfies Reservation));
    if (!isLocal && !(await ensureAddress(address))) {
      await rm(fileOf(address), { force: true });
      throw refused(
        'The address of a load balancer is not on this machine and may not be put there. Run Baykeeper with CAP_NET_ADMIN, or put the network of BAYKEEPER_LB_ADDRESSES on an interface.',
        address,
      );
    }
    return true;
  }

  async function takeBack(address: string, reservation: Reservation | null): Promise<void> {
    if (reservation?.isOurs === true) await removeAddress(address);
    await rm(fileOf(address), { force: true });
  }

  /** @returns null when all are given out. */
  async function giveFree(network: Network, loadBalancerId: string, ports: readonly number[]): Promise<string | null> {
    const given = new Set(await readdir(paths.addresses));
    let conflicts = 0;
    for (const address of addressesOf(network)) {
      if (given.has(address) || !(await give(address, loadBalancerId))) continue;
      const results = await Promise.all(ports.map((port) => tryBind(address, port)));
      const problem = ports.findIndex((_, index) => results[index] !== 'free');
      if (problem === -1) return address;
      await takeBack(address, await readReservation(address));
      conflicts += 1;
      if (conflicts === TRY_ADDRESSES) throw portRefused(ports[problem] ?? 0, results[problem] ?? 'taken', address);
    }
    return null;
  }

  /** Whoever reserves writes the record before anybody else gets to reserve: without one, it was killed in between. */
  async function reclaim(network: Network, loadBalancerId: string, ports: readonly number[]): Promise<string | null> {
    for (const [address, reservation] of await readReservations())
      if (!reservation || !(await readBalancer(paths, reservation.loadBalancerId)))
        await takeBack(address, reservation);
    return giveFree(network, loadBalancerId, ports);
  }

  return {
    async reserve(loadBalancerId, ports) {
      for (const [address, reservation] of await readReservations())
        if (reservation?.loadBalancerId === loadBalancerId) return address;
      const { cidr, network } = await loadPool(config, paths);
      const address =
        (await giveFree(network, loadBalancerId, ports)) ?? (await reclaim(network, loadBalancerId, ports));
      if (address === null)
        throw refused('No address is left for a load balancer. Widen BAYKEEPER_LB_ADDRESSES or delete a bay.', cidr);
      return address;
    },
    async ensureAssigned(address) {
      if ((await readReservation(address))?.isOurs !== true) return true;
      return ensureAddress(address);
    },
    async release(loadBalancerId) {
      for (const [address, reservation] of await readReservations())
        if (reservation?.loadBalancerId === loadBalancerId) await takeBack(address, reservation);
    },
    async releaseAll() {
      for (const [address, reservation] of await readReservations()) await takeBack(address, reservation);
    },
  };
}

/** What to say when a listener cannot have its port. */
export function portRefused(port: number, result: BindResult, address: string): Error {
  const sentences: Record<BindResult, string> = {
    free: `Port ${String(port)} is free again. Try again.`,
    taken: `Port ${String(port)} is taken by another program on the machine that balances. Choose another port, or stop that program.`,
    forbidden: `Port ${String(port)} may not be listened on. Choose one from 1024, or run Baykeeper with CAP_NET_BIND_SERVICE.`,
    'no-address': `The address ${address} is not on the machine that balances. Put the network of BAYKEEPER_LB_ADDRESSES on an interface.`,
  };
  return refused(sentences[result], `${address}:${String(port)} ${result}`);
}

async function loadPool(
  config: HaproxyConfig,
  paths: HaproxyPaths,
): Promise<{ readonly cidr: string; readonly network: Network }> {
  const cidr = config.addressPool ?? (await loadOwnPool(config, paths));
  const network = parseNetwork(cidr);
  if (!network)
    throw refused('BAYKEEPER_LB_ADDRESSES must be an IPv4 network in CIDR form, for example 10.200.7.0/24.', cidr);
  return { cidr, network };
}

/** Picked once and kept: bays' addresses must not move because the machine's routes changed. */
async function loadOwnPool(config: HaproxyConfig, paths: HaproxyPaths): Promise<string> {
  try {
    return (JSON.parse(await readFile(paths.pool, 'utf8')) as { cidr: string }).cidr;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const seed = createHash('sha256').update(config.dataDirectory).digest().readUInt32BE(0);
  const own = (await maySetAddresses()) ? choosePool(await observeUsedNetworks(), seed) : null;
  const cidr = own ?? chooseLoopbackPool(seed);
  await writeWhole(paths.pool, JSON.stringify({ cidr }));
  return cidr;
}
