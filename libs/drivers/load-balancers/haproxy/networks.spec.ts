import { describe, expect, it } from '@jest/globals';
import { addressesOf, chooseLoopbackPool, choosePool, overlaps, parseNetwork, type Network } from './networks.js';

function network(cidr: string): Network {
  const parsed = parseNetwork(cidr);
  if (!parsed) throw new Error(`${cidr} is no network`);
  return parsed;
}

describe('networks', () => {
  it('leaves out the first and last address, but not of the smallest networks', () => {
    expect([...addressesOf(network('10.0.0.8/30'))]).toEqual(['10.0.0.9', '10.0.0.10']);
    expect([...addressesOf(network('10.0.0.9/29'))]).toHaveLength(6);
    expect([...addressesOf(network('10.0.0.8/31'))]).toEqual(['10.0.0.8', '10.0.0.9']);
    expect([...addressesOf(network('192.0.2.255'))]).toEqual(['192.0.2.255']);
  });

  it.each(['', '10.0.0.0/33', '10.0.0/24', '10.0.0.0/24/1', 'default', '::/0', '10.0.0.0/ 8', '10.0.0.0/8\n'])(
    'does not take %j for a network',
    (text) => {
      expect(parseNetwork(text)).toBeNull();
    },
  );

  it('sees overlaps on either side', () => {
    expect(overlaps(network('10.0.0.0/8'), network('10.200.0.0/24'))).toBe(true);
    expect(overlaps(network('10.200.0.128/30'), network('10.200.0.0/24'))).toBe(true);
    expect(overlaps(network('10.200.1.0/24'), network('10.200.0.0/24'))).toBe(false);
  });

  it('chooses a pool that touches nothing that is there', () => {
    expect(choosePool([], 0)).toBe('10.192.0.0/24');
    expect(choosePool([network('10.192.0.200/30'), network('10.192.1.0/24')], 0)).toBe('10.192.2.0/24');
    expect(choosePool([network('10.207.255.0/24')], 4095)).toBe('10.192.0.0/24');
    expect(choosePool([network('10.0.0.0/8')], 0)).toBeNull();
  });

  it('chooses loopback pools within 127.64.0.0/10', () => {
    expect(chooseLoopbackPool(0)).toBe('127.64.0.0/24');
    expect(chooseLoopbackPool(4_294_967_295)).toBe('127.127.255.0/24');
  });
});
