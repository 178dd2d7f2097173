import { describe, expect, it } from '@jest/globals';
import { makeBay, makeNode, makeReadyNode, T0 } from '@baykeeper/domain/testing/builders.js';
import { findTemplatesDirectory } from '../../bootstrap/templates.js';
import type { BayKeys } from '../../contracts/engine.js';
import { createSwarmEngine } from '../swarm/swarm.engine.js';
import { simulateEngine } from './simulated.engine.js';

/** Of a swarm: it shares none. */
const NO_KEYS: BayKeys = { serviceAccountKey: () => Promise.reject(new Error('no key is asked for')) };

const real = createSwarmEngine({ templatesDirectory: findTemplatesDirectory() });
const engine = simulateEngine(real);
const founder = makeNode({ role: 'master' });
const worker = makeNode();
const context = (bay: Parameters<typeof makeBay>[0], nodes = [founder, worker]) => ({
  bay: makeBay(bay),
  nodes,
  clientAddress: null,
  identity: null,
});

describe('a simulated engine', () => {
  it('lets the founder found and the others wait for it', async () => {
    const before = context({ foundingNodeId: founder.id });
    expect(await engine.joinData(before, founder, NO_KEYS)).toEqual({ SIMULATED_JOIN: 'found' });
    expect(await engine.joinData(before, worker, NO_KEYS)).toBeNull();
    expect(await engine.joinData(context({ foundingNodeId: founder.id, foundedAt: T0 }), worker, NO_KEYS)).toEqual({
      SIMULATED_JOIN: 'join',
    });
  });

  it('knows the nodes that said they joined, and nothing before a master did', async () => {
    expect(await engine.observe(context({}))).toMatchObject({ reachable: false });
    const joined = makeReadyNode({ role: 'master' });
    expect(await engine.observe(context({}, [joined, worker]))).toMatchObject({
      reachable: true,
      nodes: [{ name: 'web-master-0', state: 'ready' }],
    });
  });

  it("has the real engine's rules", () => {
    expect(engine.checkBay({ masterCount: 2, nodeCount: 1, masterLbEnabled: true, labels: {} })).toEqual(
      real.checkBay({ masterCount: 2, nodeCount: 1, masterLbEnabled: true, labels: {} }),
    );
    expect(engine.checkBay({ masterCount: 2, nodeCount: 1, masterLbEnabled: true, labels: {} })).toHaveLength(1);
  });
});
