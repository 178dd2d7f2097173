/** IPv4 networks in CIDR form as pure data. */
import { isIPv4 } from 'node:net';

export interface Network {
  /** First address as an unsigned 32-bit number. */
  readonly first: number;
  readonly size: number;
}

/** @returns null when it is no network; bits behind the prefix are ignored, a bare address is a /32. */
export function parseNetwork(cidr: string): Network | null {
  const [address = '', bits = '32', ...rest] = cidr.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32 || rest.length > 0) return null;
  const size = 2 ** (32 - Number(bits));
  return { first: Math.floor(numberOf(address) / size) * size, size };
}

export function overlaps(one: Network, other: Network): boolean {
  return one.first < other.first + other.size && other.first < one.first + one.size;
}

/** The usable addresses of a network: all but its first and last, or all of a /31 and a /32 (RFC 3021). */
export function* addressesOf({ first, size }: Network): Generator<string> {
  const margin = size > 2 ? 1 : 0;
  for (let number = first + margin; number < first + size - margin; number += 1) yield formatAddress(number);
}

export function formatAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => String(Math.floor(number / 2 ** shift) % 256)).join('.');
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** Where an own pool is looked for with the right to set addresses: away from what routers and Docker choose. */
const OWN: Network = { first: 0x0ac00000, size: 2 ** 20 };
/** And without it: a part of the loopback network, all of which is local (RFC 1122, 3.2.1.3). */
const LOOPBACK: Network = { first: 0x7f400000, size: 2 ** 22 };
const POOL_BITS = 24;
const POOL_SIZE = 2 ** (32 - POOL_BITS);

/**
 * A /24 that touches nothing that is `taken`. Where the search begins follows from `seed`, so that two installations on
 * one machine look at different places.
 * @returns null when none is free.
 */
export function choosePool(taken: readonly Network[], seed: number): string | null {
  const count = OWN.size / POOL_SIZE;
  for (let tried = 0; tried < count; tried += 1) {
    const candidate = { first: OWN.first + ((seed + tried) % count) * POOL_SIZE, size: POOL_SIZE };
    if (!taken.some((network) => overlaps(network, candidate)))
      return `${formatAddress(candidate.first)}/${String(POOL_BITS)}`;
  }
  return null;
}

export function chooseLoopbackPool(seed: number): string {
  const first = LOOPBACK.first + (seed % (LOOPBACK.size / POOL_SIZE)) * POOL_SIZE;
  return `${formatAddress(first)}/${String(POOL_BITS)}`;
}
