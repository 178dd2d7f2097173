import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  capacityOf,
  chooseSubnet,
  formatSubnet,
  gatewayOf,
  hardwareAddressFor,
  machineAddress,
  overlaps,
  parseSubnet,
  requireSubnet,
} from './subnet.js';

const subnet = (text: string) => requireSubnet(text);

describe('parseSubnet', () => {
  it.each([
    ['10.211.0.0/22', '10.211.0.0/22'],
    ['10.211.3.255/22', '10.211.0.0/22'],
    ['192.0.2.1', '192.0.2.1/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['255.255.255.255/32', '255.255.255.255/32'],
  ])('reads %s as %s', (text, canonical) => {
    const parsed = parseSubnet(text);
    expect(parsed && formatSubnet(parsed)).toBe(canonical);
  });

  it.each(['', 'default', '10.0.0.256/8', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/', 'fe80::/64', ' 10.0.0.0/8'])(
    'refuses %j',
    (text) => {
      expect(parseSubnet(text)).toBeNull();
    },
  );
});

describe('requireSubnet', () => {
  it.each(['10.0.0.0/15', '10.0.0.0/29', 'nonsense'])('refuses %s and says what it takes', (text) => {
    expect(() => requireSubnet(text)).toThrow(/must be an IPv4 prefix between \/16 and \/28/);
  });
});

describe('chooseSubnet', () => {
  it('stays within 10.208.0.0/12 and keeps off what is taken', () => {
    const taken = [subnet('10.208.0.0/16'), subnet('10.215.4.0/24')];
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const chosen = chooseSubnet(taken, seed);
        expect(chosen?.prefixLength).toBe(22);
        expect(chosen !== null && overlaps(chosen, parseSubnet('10.208.0.0/12') ?? chosen)).toBe(true);
        expect(chosen !== null && taken.some((other) => overlaps(chosen, other))).toBe(false);
      }),
    );
  });

  it('gives different data directories different subnets while none is up', () => {
    const chosen = ['/var/lib/baykeeper', '/var/tmp/test-1', '/var/tmp/test-2'].map((seed) => chooseSubnet([], seed));
    expect(new Set(chosen.map((each) => each?.network)).size).toBe(3);
  });

  it('gives the only one left, and nothing when there is none', () => {
    const allButLast = [
      { network: 0x0ad00000, prefixLength: 13 },
      { network: 0x0ad80000, prefixLength: 14 },
      { network: 0x0adc0000, prefixLength: 15 },
      { network: 0x0ade0000, prefixLength: 16 },
      { network: 0x0adf0000, prefixLength: 17 },
      { network: 0x0adf8000, prefixLength: 18 },
      { network: 0x0adfc000, prefixLength: 19 },
      { network: 0x0adfe000, prefixLength: 20 },
      { network: 0x0adff000, prefixLength: 21 },
      { network: 0x0adff800, prefixLength: 22 },
    ];
    const last = chooseSubnet(allButLast, 'any seed');
    expect(last && formatSubnet(last)).toBe('10.223.252.0/22');
    expect(chooseSubnet([subnet('10.208.0.0/16'), { network: 0x0ad00000, prefixLength: 12 }], 'any seed')).toBeNull();
  });
});

describe('addresses of a subnet', () => {
  it('the host has the first, machines the others, nobody the broadcast address', () => {
    const small = subnet('10.211.0.0/28');
    expect(gatewayOf(small)).toBe('10.211.0.1');
    expect(capacityOf(small)).toBe(13);
    expect(machineAddress(small, 0)).toBe('10.211.0.2');
    expect(machineAddress(small, 12)).toBe('10.211.0.14');
  });

  it('go over into the next octet', () => {
    expect(machineAddress(subnet('10.211.0.0/22'), 254)).toBe('10.211.1.0');
  });

  it('decide the hardware address', () => {
    expect(hardwareAddressFor('10.211.0.255')).toBe('02:62:0a:d3:00:ff');
  });
});
