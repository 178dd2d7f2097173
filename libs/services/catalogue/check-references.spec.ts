import { describe, expect, it } from '@jest/globals';
import type { FlavorId, ImageId, NetworkId, SubnetId } from '@baykeeper/domain';
import type { ResolvedEntries, ResolvedFlavor, ResolvedImage, ResolvedNetwork } from '@baykeeper/storage';
import { checkEntries, type WantedEntries } from './check-references.js';

const uuid = (digit: string): string => `00000000-0000-4000-8000-00000000000${digit}`;
const flavor = (name: string, changes: Partial<ResolvedFlavor> = {}): ResolvedFlavor => ({
  ...{ id: uuid('1') as FlavorId, name, public: true, vcpus: 1, memoryMib: 2048, diskGib: 20 },
  ...changes,
});
const image = (changes: Partial<ResolvedImage> = {}): ResolvedImage => ({
  ...{ id: uuid('2') as ImageId, name: 'debian', public: true, osDistro: 'debian', status: 'active' },
  ...{ minDiskGib: 0, minMemoryMib: 0, properties: {}, driverImage: 'debian-12' },
  ...changes,
});
const network = (digit: string, name: string, external: boolean): ResolvedNetwork => ({
  ...{ id: uuid(digit) as NetworkId, name, public: true, external },
});
const subnet = { id: uuid('6') as SubnetId, name: 'inner-v4', networkId: uuid('4') as NetworkId, public: true };

const entries: ResolvedEntries = {
  flavors: [flavor('small')],
  images: [image()],
  networks: [network('3', 'public', true), network('4', 'inner', false)],
  subnets: [subnet],
};
const wanted: WantedEntries = {
  ...{ imageId: 'debian', flavorId: null, masterFlavorId: null },
  ...{ externalNetworkId: null, fixedNetwork: null, fixedSubnet: null, labels: {} },
};
const refusal = (there: Partial<ResolvedEntries>, asked: Partial<WantedEntries>): string => {
  try {
    checkEntries({ ...entries, ...there }, { ...wanted, ...asked });
  } catch (error) {
    const { code, publicMessage } = error as { code: string; publicMessage: string };
    return `${code}: ${publicMessage}`;
  }
  return 'taken';
};

describe('what a template or bay names', () => {
  it('may be nothing but the image', () => {
    expect(checkEntries(entries, wanted)).toEqual({
      ...{ image: image(), flavor: null, masterFlavor: null },
      ...{ externalNetwork: null, fixedNetwork: null, fixedSubnet: null },
    });
  });

  it('is found by name or id', () => {
    const byName = { flavorId: 'small', externalNetworkId: 'public', fixedNetwork: 'inner', fixedSubnet: 'inner-v4' };
    const byId = {
      ...{ imageId: uuid('2'), flavorId: uuid('1'), externalNetworkId: uuid('3') },
      ...{ fixedNetwork: uuid('4'), fixedSubnet: uuid('6') },
    };
    const found = checkEntries(entries, { ...wanted, ...byName });
    expect(found).toMatchObject({ flavor: { name: 'small' }, fixedSubnet: { name: 'inner-v4' } });
    expect(checkEntries(entries, { ...wanted, ...byId })).toEqual(found);
  });

  it.each<[string, Partial<ResolvedEntries>, Partial<WantedEntries>, string]>([
    ['an unknown flavor', {}, { flavorId: 'aaa' }, 'invalid-input: Unable to find flavor aaa'],
    ['an unknown flavor of masters', {}, { masterFlavorId: 'aaa' }, 'invalid-input: Unable to find flavor aaa'],
    ['an unknown image', {}, { imageId: 'windows' }, 'invalid-input: Unable to find image windows'],
    [
      'an image without a distribution',
      { images: [image({ osDistro: null })] },
      {},
      'invalid-input: Image debian doesn',
    ],
    ['an image out of use', { images: [image({ status: 'deactivated' })] }, {}, 'invalid-input: Image debian is deact'],
    ['an unknown network', {}, { fixedNetwork: 'x' }, 'invalid-input: Unable to find network x'],
    ['an unknown subnet', {}, { fixedSubnet: 'x' }, 'invalid-input: Unable to find subnet x'],
    [
      'an inner network as the outer',
      {},
      { externalNetworkId: 'inner' },
      'invalid-input: Unable to find external network',
    ],
    [
      'a name of two outer networks',
      { networks: [network('3', 'public', true), network('5', 'public', true)] },
      { externalNetworkId: 'public' },
      'conflict: Several external networks have the name public',
    ],
    [
      'a name of two images',
      { images: [image(), image({ id: uuid('7') as ImageId })] },
      {},
      'conflict: Several images have the name debian',
    ],
    [
      'a subnet of another network',
      {},
      { fixedNetwork: 'public', fixedSubnet: 'inner-v4' },
      'invalid-input: Subnet inner-v4 is not one of network public',
    ],
    [
      'a flavor with less memory than the image needs',
      { images: [image({ minMemoryMib: 4096 })] },
      { flavorId: 'small' },
      'invalid-input: Flavor small is too small for image debian',
    ],
    [
      'a flavor with less disk than the image needs',
      { images: [image({ minDiskGib: 21 })] },
      { masterFlavorId: 'small' },
      'invalid-input: Flavor small is too small for image debian',
    ],
  ])('is refused where it is %s', (_what, there, asked, says) => {
    expect(refusal(there, asked)).toMatch(new RegExp(`^${says}`));
  });

  it('may have the name of an inner and of an outer network', () => {
    const there = { networks: [network('3', 'net', true), network('4', 'net', false)] };
    expect(refusal(there, { externalNetworkId: 'net' })).toBe('taken');
    expect(refusal(there, { fixedNetwork: 'net' })).toMatch(/^conflict/);
  });

  it('needs a volume to boot from where the flavor has no root disk', () => {
    const there = { flavors: [flavor('diskless', { diskGib: 0 })] };
    const asked = (labels: Readonly<Record<string, string>>): string =>
      refusal(there, { flavorId: 'diskless', labels });
    expect(asked({})).toMatch(/^invalid-input: The root disk of flavor diskless/);
    expect(asked({ boot_volume_size: '0' })).toMatch(/^invalid-input/);
    expect(asked({ boot_volume_size: 'much' })).toMatch(/^invalid-input/);
    expect(asked({ boot_volume_size: '10' })).toBe('taken');
  });

  it('is checked in Magnum’s order: flavors with their disks, the image, networks', () => {
    const all = { flavorId: 'x', imageId: 'x', externalNetworkId: 'x', fixedNetwork: 'x', fixedSubnet: 'x' };
    const order: string[] = [];
    for (const key of ['flavorId', 'imageId', 'externalNetworkId', 'fixedNetwork', 'fixedSubnet'] as const) {
      order.push(/Unable to find (.*) x:/.exec(refusal({}, { ...wanted, ...all }))?.[1] ?? '');
      all[key] = { ...wanted, flavorId: 'small', externalNetworkId: 'public', fixedNetwork: 'inner' }[key] ?? '';
    }
    expect(order).toEqual(['flavor', 'image', 'external network', 'network', 'subnet']);
  });
});
