import { describe, expect, it } from '@jest/globals';
import { makeBay, makeGroup, makeReadyNode, seconds, T0 } from '../testing/builders.js';
import { LIMITS } from '../testing/simulated-world.js';
import { deriveBayFacts } from './derive-facts.js';
import { planBay } from './plan-bay.js';
import type { PlanFacts } from './plan.js';
import { withRoster } from './roster.js';

function inputOf(workers: number, down: number): PlanFacts {
  const master = makeReadyNode({ role: 'master' });
  const nodes = [master, ...Array.from({ length: workers }, (_value, ordinal) => makeReadyNode({ ordinal }))];
  const isDown = (index: number): boolean => index > nodes.length - 1 - down;
  return {
    now: seconds(60),
    bay: makeBay({ foundingNodeId: master.id, foundedAt: T0, settledGeneration: 1 }),
    groups: [makeGroup({ role: 'master', nextOrdinal: 1 }), makeGroup({ nodeCount: workers, nextOrdinal: workers })],
    nodes,
    loadBalancer: null,
    members: new Map(),
    listeners: [],
    observed: {
      machines: new Map(nodes.map((node) => [node.id, 'running'])),
      machinesAskedAt: seconds(60),
      engine: new Map(nodes.map((node, index) => [node.name, isDown(index) ? 'down' : 'ready'])),
    },
    limits: LIMITS,
    toleratedMasterLosses: () => 0,
  };
}

function healthOf(workers: number, down: number) {
  const input = withRoster(inputOf(workers, down));
  const { healthStatus, healthStatusReason } = deriveBayFacts(input, planBay(input), []);
  return { status: healthStatus, reason: healthStatusReason };
}

describe('the health of a bay', () => {
  it('names each node of a small one', () => {
    const { status, reason } = healthOf(2, 1);
    expect(status).toBe('UNHEALTHY');
    expect(Object.entries(reason)).toEqual([
      ['api', 'ok'],
      [expect.stringMatching(/master-0\.Ready$/), 'True'],
      [expect.stringMatching(/worker-0\.Ready$/), 'True'],
      [expect.stringMatching(/worker-1\.Ready$/), 'False'],
    ]);
  });

  it('counts the nodes of a large one, and names those that are not ready, a hundred at most', () => {
    expect(healthOf(1_000, 0)).toEqual({ status: 'HEALTHY', reason: { api: 'ok', nodes: '1001 of 1001 ready' } });
    const { reason: few } = healthOf(1_000, 3);
    expect(few).toMatchObject({ api: 'ok', nodes: '998 of 1001 ready' });
    expect(Object.keys(few).filter((key) => key.endsWith('.Ready'))).toHaveLength(3);
    const { status, reason: many } = healthOf(1_000, 500);
    expect(status).toBe('UNHEALTHY');
    expect(many['nodes']).toBe('501 of 1001 ready');
    expect(Object.keys(many)).toHaveLength(102);
  });
});
