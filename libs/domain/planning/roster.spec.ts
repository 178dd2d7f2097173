import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LoadBalancerId, NodeId } from '../ids.js';
import type { KnownMember, Listener, LoadBalancer } from '../load-balancer.js';
import type { Node } from '../node.js';
import { makeBay, makeGroup, makeReadyNode, seconds, T0 } from '../testing/builders.js';
import { LIMITS } from '../testing/simulated-world.js';
import { planBay } from './plan-bay.js';
import type { PlanFacts, PlanInput, Roster } from './plan.js';
import { stayingIn, withRoster } from './roster.js';

const LISTENERS: readonly Listener[] = [
  { name: 'api', port: 2376, memberPort: 2376, memberRole: 'master' },
  { name: 'web', port: 80, memberPort: 80, memberRole: 'worker' },
];
const BALANCER: LoadBalancer = {
  id: '00000000-0000-4000-8000-0000000000f1' as LoadBalancerId,
  bayId: makeBay().id,
  projectId: makeBay().projectId,
  listeners: LISTENERS,
  address: '192.0.2.250',
  requestedAt: T0,
  createdAt: T0,
  removedAt: null,
};
const COUNT = 6;

/** A bay whose nodes are all at rest. */
function atRest(): PlanFacts {
  const made = Array.from({ length: COUNT }, (_, index) =>
    makeReadyNode(index === 0 ? { role: 'master' } : { ordinal: index }),
  );
  const nodes = made.map((node): Node => ({ ...node, engineState: 'ready', registeredAt: T0 }));
  const member = ({ id, name, address }: Node, port: number): readonly [NodeId, KnownMember] => [
    id,
    { nodeId: id, name, address: address ?? '', port, confirmed: true },
  ];
  return {
    now: seconds(60),
    bay: makeBay({ foundedAt: T0, settledGeneration: 1, foundingNodeId: nodes[0]?.id ?? null }),
    groups: [makeGroup({ role: 'master' }), makeGroup({ nodeCount: COUNT - 1 })],
    nodes,
    loadBalancer: BALANCER,
    members: new Map([
      ['api', new Map(nodes.slice(0, 1).map((node) => member(node, 2376)))],
      ['web', new Map(nodes.slice(1).map((node) => member(node, 80)))],
    ]),
    listeners: LISTENERS,
    observed: {
      machines: new Map(nodes.map(({ id }) => [id, 'running'])),
      machinesAskedAt: seconds(60),
      engine: new Map(nodes.map(({ name }) => [name, 'ready'])),
    },
    limits: LIMITS,
    toleratedMasterLosses: (count) => Math.floor((count - 1) / 2),
  };
}

const told = ({ open, masters, restingOfRole, restingOfGroup }: Roster) => ({
  open: open.map(({ name }) => name),
  masters: masters.map(({ name }) => name),
  restingOfRole,
  restingOfGroup: Object.fromEntries([...restingOfGroup].filter(([, count]) => count > 0)),
});

/** One thing that is otherwise than before; as little else as possible is made anew, as when rows are read. */
type Change = (facts: PlanFacts) => PlanFacts;
const place = fc.nat(COUNT - 1);
const withNode =
  (index: number, changes: Partial<Node>): Change =>
  (facts) => ({
    ...facts,
    nodes: facts.nodes.map((node, at) => (at === index ? { ...node, ...changes } : node)),
  });
const rowChanges: readonly Partial<Node>[] = [
  {},
  { engineState: 'down', unreadySince: T0 },
  { engineState: 'ready', unreadySince: null },
  { removalRequestedAt: T0, removalReason: 'scale-down' },
  { failedAt: T0 },
  { readyAt: null },
  { registeredAt: null },
  { address: '192.0.2.77' },
  { address: null },
];
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...rowChanges)).map(([index, changes]) => withNode(index, changes)),
  fc.constant<Change>((facts) => ({
    ...facts,
    nodes: [...facts.nodes, makeReadyNode({ ordinal: 100 + facts.nodes.length, readyAt: null })],
  })),
  place.map((index): Change => (facts) => ({ ...facts, nodes: facts.nodes.filter((_, at) => at !== index) })),
  fc
    .tuple(place, fc.constantFrom('stopped' as const, 'failed' as const, 'running' as const))
    .map(([index, state]): Change => (facts) => {
      const { observed, nodes } = facts;
      const id = nodes[index]?.id;
      if (id === undefined) return facts;
      const known =
        observed.machines === 'unknown' ? [] : nodes.map((node) => [node.id, machineOf(facts, node)] as const);
      return { ...facts, observed: { ...observed, machines: new Map([...known, [id, state] as const]) } };
    }),
  fc.tuple(place, fc.constantFrom('ready' as const, 'down' as const)).map(([index, state]): Change => (facts) => {
    const { observed, nodes } = facts;
    const name = nodes[index]?.name;
    if (name === undefined || observed.engine === 'unknown') return facts;
    return { ...facts, observed: { ...observed, engine: new Map(observed.engine).set(name, state) } };
  }),
  fc.constantFrom<Change>(
    (facts) => ({ ...facts, observed: { ...facts.observed, engine: 'unknown' } }),
    (facts) => ({ ...facts, observed: { ...facts.observed, machines: 'unknown' } }),
    (facts) => ({ ...facts, observed: { ...facts.observed } }),
    (facts) => ({ ...facts, loadBalancer: facts.loadBalancer === null ? BALANCER : null }),
    (facts) => ({ ...facts, listeners: facts.listeners.map((listener) => ({ ...listener })) }),
    (facts) => ({ ...facts, listeners: facts.listeners.slice(0, 1) }),
    (facts) => ({ ...facts, listeners: LISTENERS.map((listener) => ({ ...listener, memberPort: 81 })) }),
    (facts) => ({ ...facts, members: new Map([...facts.members].slice(1)) }),
  ),
);
const machineOf = ({ observed }: PlanFacts, { id }: Node) =>
  (observed.machines === 'unknown' ? undefined : observed.machines.get(id)) ?? 'running';

describe('a roster', () => {
  it('has everybody of a settled bay at rest', () => {
    const { roster } = withRoster(atRest());
    expect(told(roster)).toMatchObject({ open: [], restingOfRole: { master: 1, worker: COUNT - 1 } });
    expect(roster.masters).toHaveLength(1);
    expect(stayingIn(roster, makeGroup().id)).toEqual({ count: COUNT - 1, open: [] });
    expect(planBay(withRoster(atRest())).settled).toBe(true);
  });

  it('made from the one before it is as one made anew, and leads to the same plan', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        let facts = atRest();
        let roster: Roster | null = null;
        for (const next of [(same: PlanFacts): PlanFacts => same, ...changes]) {
          facts = next(facts);
          const following: PlanInput = withRoster(facts, roster);
          const anew = withRoster(facts);
          expect(told(following.roster)).toEqual(told(anew.roster));
          expect(planBay(following)).toEqual(planBay(anew));
          roster = following.roster;
        }
      }),
      { numRuns: 400 },
    );
  });

  it('asks again of those at rest only what was seen anew', () => {
    const facts = atRest();
    const asked: string[] = [];
    const engine = new Map(facts.nodes.map(({ name }) => [name, 'ready' as const]));
    const counting = new Proxy(engine, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (key !== 'get') return value;
        return (name: string) => {
          asked.push(name);
          return target.get(name);
        };
      },
    });
    const first = { ...facts, observed: { ...facts.observed, engine: counting } };
    const { roster } = withRoster(first);
    expect(asked).toHaveLength(COUNT);
    withRoster(first, roster);
    expect(asked).toHaveLength(COUNT);
    const changed = withNode(2, { registeredAt: null })(first);
    withRoster(changed, roster);
    expect(asked).toHaveLength(COUNT + 1);
  });
});
