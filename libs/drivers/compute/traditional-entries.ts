/** The names that OpenStack clouds traditionally begin with, so that the same templates fit where there is no cloud. */
import type { FlavorFields, NetworkFields } from '@baykeeper/domain';

const flavor = (name: string, vcpus: number, memoryMib: number, diskGib: number): FlavorFields => ({
  ...{ name, description: null, public: true, vcpus, memoryMib, diskGib },
});

export const TRADITIONAL_FLAVORS: readonly FlavorFields[] = [
  flavor('m1.tiny', 1, 512, 1),
  flavor('m1.small', 1, 2048, 20),
  flavor('m1.medium', 2, 4096, 40),
  flavor('m1.large', 4, 8192, 80),
  flavor('m1.xlarge', 8, 16_384, 160),
];

/** The way out of the installation, and the network of the nodes. */
export const PUBLIC_NETWORK: NetworkFields = {
  ...{ name: 'public', description: 'Where clients come from', public: true, external: true, mtu: null },
};
export const PRIVATE_NETWORK: NetworkFields = {
  ...{ name: 'private', description: 'The network of the nodes', public: true, external: false, mtu: 1500 },
};
/** The name of that network's only subnet. */
export const PRIVATE_SUBNET = 'private-subnet';
