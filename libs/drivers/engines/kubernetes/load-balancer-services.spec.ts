import { describe, expect, it } from '@jest/globals';
import type { Listener } from '@baykeeper/domain';
import type { LoadBalancerService } from './kubernetes-cluster.js';
import { serveServices, wronglyAnnounced } from './load-balancer-services.js';

const API: Listener = { name: 'kubernetes-api', port: 6443, memberPort: 6443, memberRole: 'master' };

function makeService(name: string, port: number, changes: Partial<LoadBalancerService> = {}): LoadBalancerService {
  return {
    ...{ namespace: 'default', name, createdAt: '2026-01-01T00:00:00Z', addresses: [] },
    ports: [{ port, protocol: 'TCP', nodePort: 30_000 + (port % 1_000) }],
    ...changes,
  };
}

describe('serveServices', () => {
  it('puts each Service’s node ports behind the balancer, over the workers', () => {
    const { listeners, notes, served } = serveServices([makeService('web', 80)], [API], true);
    expect(listeners).toEqual([{ name: 'service-30080', port: 80, memberPort: 30080, memberRole: 'worker' }]);
    expect([notes, [...served]]).toEqual([{}, ['default/web']]);
  });

  it('gives a port that several ask for to the oldest, whatever their order, and says who has it', () => {
    const younger = makeService('a', 80, { createdAt: '2026-01-02T00:00:00Z' });
    const older = makeService('b', 80, { ports: [{ port: 80, protocol: 'TCP', nodePort: 30_081 }] });
    for (const services of [
      [younger, older],
      [older, younger],
    ]) {
      const { listeners, notes } = serveServices(services, [API], true);
      expect(listeners.map(({ memberPort }) => memberPort)).toEqual([30_081]);
      expect(notes).toEqual({ 'service default/a': 'port 80 is taken by default/b' });
    }
  });

  it.each<[string, LoadBalancerService, boolean, RegExp]>([
    ['the API’s own port', makeService('x', 6443), true, /^port 6443 is taken by the bay itself$/],
    ['UDP', makeService('x', 53, { ports: [{ port: 53, protocol: 'UDP', nodePort: 30_053 }] }), true, /TCP only/],
    ['a bay without a balancer', makeService('x', 80), false, /has no load balancer/],
    [
      'more ports than there is room for',
      makeService('x', 80, {
        ports: Array.from({ length: 33 }, (_, n) => ({ port: 8_000 + n, protocol: 'TCP', nodePort: 30_000 + n })),
      }),
      true,
      /32 ports of Services at most/,
    ],
  ])('does not serve %s, and says why', (_, service, hasBalancer, why) => {
    const { listeners, notes, served } = serveServices([service], [API], hasBalancer);
    expect([listeners, served.size]).toEqual([[], 0]);
    expect(notes['service default/x']).toMatch(why);
  });

  it('waits for node ports that are not there yet, without a word', () => {
    const early = makeService('x', 80, { ports: [{ port: 80, protocol: 'TCP', nodePort: null }] });
    expect(serveServices([early], [API], true)).toEqual({ listeners: [], notes: {}, served: new Set() });
  });
});

describe('wronglyAnnounced', () => {
  it('finds those that do not say where they are served, or say so and are not', () => {
    const right = makeService('right', 80, { addresses: ['203.0.113.7'] });
    const silent = makeService('silent', 81);
    const moved = makeService('moved', 82, { addresses: ['203.0.113.9'] });
    const refused = makeService('refused', 6443, { addresses: ['203.0.113.7'] });
    const never = makeService('never', 6443);
    const served = new Set(['default/right', 'default/silent', 'default/moved']);
    const found = wronglyAnnounced([right, silent, moved, refused, never], served, '203.0.113.7');
    expect(found.map(({ name }) => name)).toEqual(['silent', 'moved', 'refused']);
  });
});
