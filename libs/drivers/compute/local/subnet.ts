/** IPv4 prefixes as pure data. */
import { createHash } from 'node:crypto';
import { BaykeeperError } from '@baykeeper/domain';

export interface Subnet {
  /** Network address as an unsigned 32-bit number. */
  readonly network: number;
  readonly prefixLength: number;
}

/** Where an own subnet is looked for: a corner of 10.0.0.0/8 that home routers and Docker's defaults stay out of. */
const SEARCH: Subnet = { network: 0x0ad00000, prefixLength: 12 };
const OWN_PREFIX_LENGTH = 22;

export function sizeOf(subnet: Subnet): number {
  return 2 ** (32 - subnet.prefixLength);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.network)}/${subnet.prefixLength}`;
}

/** @returns null when the text is not an IPv4 prefix; bits after the prefix are ignored, a bare address is a /32 */
export function parseSubnet(text: string): Subnet | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const octets = match.slice(1, 5).map(Number);
  const prefixLength = match[5] === undefined ? 32 : Number(match[5]);
  if (octets.some((octet) => octet > 255) || prefixLength > 32) return null;
  const address = octets.reduce((value, octet) => value * 256 + octet, 0);
  return { network: address - (address % 2 ** (32 - prefixLength)), prefixLength };
}

/** @throws BaykeeperError `provider-refused` when it is not a prefix between /16 and /28 */
export function requireSubnet(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet === null || subnet.prefixLength < 16 || subnet.prefixLength > 28) {
    throw new BaykeeperError({
      code: 'provider-refused',
      publicMessage: `BAYKEEPER_LOCAL_SUBNET must be an IPv4 prefix between /16 and /28, for example 10.211.0.0/22, not "${text}".`,
    });
  }
  return subnet;
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.network < other.network + sizeOf(other) && other.network < one.network + sizeOf(one);
}

/**
 * The first free subnet, counted from a place that the seed decides: two installations then choose apart even while
 * neither has its network up, so that a reboot does not bring them into conflict.
 * @returns null when none is free
 */
export function chooseSubnet(taken: readonly Subnet[], seed: string): Subnet | null {
  const step = 2 ** (32 - OWN_PREFIX_LENGTH);
  const count = sizeOf(SEARCH) / step;
  const start = createHash('sha256').update(seed).digest().readUInt32BE(0) % count;
  for (let offset = 0; offset < count; offset += 1) {
    const network = SEARCH.network + ((start + offset) % count) * step;
    const candidate = { network, prefixLength: OWN_PREFIX_LENGTH };
    if (!taken.some((other) => overlaps(candidate, other))) return candidate;
  }
  return null;
}

/** The host's own address on the bridge: the first of the subnet. */
export function gatewayOf(subnet: Subnet): string {
  return formatAddress(subnet.network + 1);
}

/** How many machines fit: all but the network, the gateway and the broadcast address. */
export function capacityOf(subnet: Subnet): number {
  return sizeOf(subnet) - 3;
}

/** The machine addresses of a subnet by index, from 0. */
export function machineAddress(subnet: Subnet, index: number): string {
  return formatAddress(subnet.network + 2 + index);
}

/**
 * A locally administered hardware address made from the IPv4 address: an address that is used again keeps it, so no
 * neighbour's cache is ever stale.
 */
export function hardwareAddressFor(address: string): string {
  return ['02', '62', ...address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'))].join(':');
}
