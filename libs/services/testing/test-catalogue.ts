/** What there is to make bays of in tests: as a driver without a cloud offers it. */
import type { CatalogueSource } from '@baykeeper/drivers';

const flavor = (name: string, vcpus: number, memoryMib: number, diskGib: number) => ({
  ...{ name, description: null, public: true, vcpus, memoryMib, diskGib },
});

export const TEST_CATALOGUE: CatalogueSource = {
  owner: 'administrators',
  bootsOnlyItsImages: true,
  entries: () =>
    Promise.resolve({
      flavors: [flavor('m1.small', 1, 2048, 20), flavor('m1.medium', 2, 4096, 40)],
      images: [
        {
          ...{ name: 'debian-12-docker', description: null, public: true, osDistro: 'debian', architecture: null },
          ...{ status: 'active', minDiskGib: 0, minMemoryMib: 0, properties: {}, driverImage: 'debian-12-docker' },
        },
      ],
      networks: [
        { ...{ name: 'public', description: null, public: true, external: true, mtu: null }, subnets: [] },
        {
          ...{ name: 'private', description: null, public: true, external: false, mtu: 1500 },
          subnets: [{ name: 'private-subnet', cidr: '192.0.2.0/24', gatewayIp: null }],
        },
      ],
    }),
};
