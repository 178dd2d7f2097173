import { BaykeeperError } from '@baykeeper/domain';

export interface FlavorLimits {
  readonly vcpus: number;
  readonly memoryMib: number;
}

/** The names that OpenStack clouds traditionally use, so that the same baymodels fit here. Limits, not reservations. */
const FLAVORS: Readonly<Record<string, FlavorLimits>> = {
  'm1.tiny': { vcpus: 1, memoryMib: 512 },
  'm1.small': { vcpus: 1, memoryMib: 2048 },
  'm1.medium': { vcpus: 2, memoryMib: 4096 },
  'm1.large': { vcpus: 4, memoryMib: 8192 },
  'm1.xlarge': { vcpus: 8, memoryMib: 16_384 },
};

/**
 * @returns null (no limit) for a machine without a flavor
 * @throws BaykeeperError `provider-refused` for a name that is not known here
 */
export function flavorLimits(flavor: string | null): FlavorLimits | null {
  if (flavor === null) return null;
  const limits = Object.hasOwn(FLAVORS, flavor) ? FLAVORS[flavor] : undefined;
  if (limits === undefined) {
    throw new BaykeeperError({
      code: 'provider-refused',
      publicMessage: `The flavor "${flavor}" does not exist here. Use one of ${Object.keys(FLAVORS).join(', ')}, or none.`,
    });
  }
  return limits;
}
