import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LoadBalancerId, NodeId } from '../ids.js';
import type { KnownMember, KnownMembers } from '../load-balancer.js';
import type { Node } from '../node.js';
import { makeBay, makeGroup, makeNode, makeReadyNode, nodeIdOf, seconds, T0 } from '../testing/builders.js';
import { LIMITS, LISTENERS, SimulatedWorld } from '../testing/simulated-world.js';
import { planBay } from './plan-bay.js';
import type { Plan, PlanFacts } from './plan.js';
import { withRoster } from './roster.js';

/** A plan as text, one action a line: what a golden file would show. */
function lines(plan: Plan): string[] {
  return [
    ...plan.records.map((action) => `${action.kind} ${action.id}`),
    ...plan.loadBalancer.map((action) => `${action.kind} ${action.id}`),
    ...plan.nodes.map((action) => `${action.steps.join('>')} ${action.nodeId}`),
  ];
}

const memberOf = (node: Node, port: number): KnownMember => ({
  nodeId: node.id,
  name: node.name,
  address: node.address ?? '',
  port,
  confirmed: true,
});

function membersOf(lists: Readonly<Record<string, readonly KnownMember[]>>): KnownMembers {
  return new Map(
    Object.entries(lists).map(([listener, list]) => [listener, new Map(list.map((one) => [one.nodeId, one]))]),
  );
}

const planOf = (facts: PlanFacts): Plan => planBay(withRoster(facts));

function settledInput(changes: Partial<PlanFacts> = {}): PlanFacts {
  const master = makeReadyNode({ role: 'master' });
  const workers = [makeReadyNode({ ordinal: 0 }), makeReadyNode({ ordinal: 1 })];
  const nodes = [master, ...workers];
  return {
    now: seconds(60),
    bay: makeBay({ foundingNodeId: master.id, foundedAt: T0, settledGeneration: 1 }),
    groups: [makeGroup({ role: 'master', nextOrdinal: 1 }), makeGroup({ nodeCount: 2, nextOrdinal: 2 })],
    nodes,
    loadBalancer: {
      id: '00000000-0000-4000-8000-0000000000f1' as LoadBalancerId,
      bayId: makeBay().id,
      projectId: makeBay().projectId,
      listeners: LISTENERS,
      address: '192.0.2.250',
      requestedAt: T0,
      createdAt: T0,
      removedAt: null,
    },
    members: membersOf({
      'docker-api': [{ ...memberOf(master, 2376), address: '192.0.2.10' }],
      'port-80': workers.map((node) => memberOf(node, 80)),
    }),
    listeners: LISTENERS,
    observed: {
      machines: new Map(nodes.map((node) => [node.id, 'running'])),
      machinesAskedAt: seconds(60),
      engine: new Map(nodes.map((node) => [node.name, 'ready'])),
    },
    limits: LIMITS,
    toleratedMasterLosses: (masters) => Math.floor((masters - 1) / 2),
    ...changes,
  };
}

describe('planBay', () => {
  it('plans nothing for a bay that is as it should be', () => {
    const plan = planOf(settledInput());
    expect(lines(plan)).toEqual([]);
    expect(plan.settled).toBe(true);
    expect(plan.lookAgainAt).toBeNull();
  });

  it('starts a new bay with its nodes and its load balancer', () => {
    const world = new SimulatedWorld(1, 2);
    const plan = world.plan();
    expect(plan && lines(plan)).toEqual([
      'add-node 00000000-0000-4000-8000-0000000000a1.0',
      'add-node 00000000-0000-4000-8000-0000000000a2.0',
      'add-node 00000000-0000-4000-8000-0000000000a2.1',
      'ensure-load-balancer 00000000-0000-4000-8000-000000000001.load-balancer',
    ]);
  });

  it('concludes nothing from what could not be observed', () => {
    const plan = planOf(
      settledInput({ observed: { machines: 'unknown', machinesAskedAt: seconds(60), engine: 'unknown' } }),
    );
    expect(lines(plan)).toEqual([]);
  });

  it('takes a node out of the balancer before it is drained, and then drains before the machine goes', () => {
    const input = settledInput();
    const groups = [makeGroup({ role: 'master', nextOrdinal: 1 }), makeGroup({ nodeCount: 1, nextOrdinal: 2 })];
    const leaving = nodeIdOf('worker', 1);
    expect(lines(planOf({ ...input, groups }))).toEqual([`request-removal ${leaving}.removal`]);

    const nodes = input.nodes.map((node) => (node.id === leaving ? { ...node, removalRequestedAt: T0 } : node));
    expect(lines(planOf({ ...input, groups, nodes }))).toEqual([
      'change-members 00000000-0000-4000-8000-000000000001.members',
    ]);

    const web = input.members.get('port-80') ?? new Map<NodeId, KnownMember>();
    const members = new Map(input.members).set('port-80', new Map([...web].filter(([nodeId]) => nodeId !== leaving)));
    expect(lines(planOf({ ...input, groups, nodes, members }))).toEqual([
      `record-deregistered ${leaving}.deregistered`,
    ]);

    const out = nodes.map((node) => (node.id === leaving ? { ...node, deregisteredAt: T0 } : node));
    expect(lines(planOf({ ...input, groups, nodes: out, members }))).toEqual([`drain>leave>delete-machine ${leaving}`]);
  });

  it('writes only what changes, and again what was not confirmed', () => {
    const input = settledInput();
    const web = [...(input.members.get('port-80')?.values() ?? [])];
    const [first, second] = web;
    if (!first || !second) throw new Error('two workers');
    const changesFor = (...list: readonly KnownMember[]) => {
      const members = new Map(input.members).set('port-80', new Map(list.map((one) => [one.nodeId, one])));
      return planOf({ ...input, members }).loadBalancer.flatMap((action) =>
        action.kind === 'change-members' ? [action.changes] : [],
      );
    };
    const { confirmed: _confirmed, ...wanted } = second;
    expect(changesFor(first, second)).toEqual([]);
    expect(changesFor(first)).toEqual([{ 'port-80': { put: [wanted], remove: [] } }]);
    expect(changesFor(first, { ...second, confirmed: false })).toEqual([{ 'port-80': { put: [wanted], remove: [] } }]);
    expect(changesFor(first, { ...second, address: '192.0.2.99' })).toEqual([
      { 'port-80': { put: [wanted], remove: [] } },
    ]);
    const stranger = { ...second, nodeId: nodeIdOf('worker', 99), confirmed: false };
    expect(changesFor(first, second, stranger)).toEqual([{ 'port-80': { put: [], remove: [stranger.nodeId] } }]);
    const gone = planOf({ ...input, members: new Map(input.members).set('old', new Map([[first.nodeId, first]])) });
    expect(gone.loadBalancer).toEqual([
      expect.objectContaining({ changes: { old: { put: [], remove: [first.nodeId] } } }),
    ]);
  });

  it('keeps a node that may be a member from being drained, also when nobody confirmed it', () => {
    const input = settledInput();
    const leaving = nodeIdOf('worker', 1);
    const nodes = input.nodes.map((node) => (node.id === leaving ? { ...node, removalRequestedAt: T0 } : node));
    const members = membersOf({
      'docker-api': [...(input.members.get('docker-api')?.values() ?? [])],
      'port-80': [...(input.members.get('port-80')?.values() ?? [])].map((one) => ({ ...one, confirmed: false })),
    });
    const groups = [makeGroup({ role: 'master', nextOrdinal: 1 }), makeGroup({ nodeCount: 1, nextOrdinal: 2 })];
    const plan = planOf({ ...input, groups, nodes, members });
    expect([plan.records, plan.nodes]).toEqual([[], []]);
    expect(plan.loadBalancer).toMatchObject([{ changes: { 'port-80': { remove: [leaving] } } }]);
  });

  it('removes the unhealthy node first and otherwise the newest', () => {
    const input = settledInput();
    const groups = [makeGroup({ role: 'master', nextOrdinal: 1 }), makeGroup({ nodeCount: 1, nextOrdinal: 2 })];
    const sick = input.nodes.map((node) =>
      node.id === nodeIdOf('worker', 0) ? { ...node, engineState: 'down' as const } : node,
    );
    expect(lines(planOf({ ...input, groups, nodes: sick }))).toEqual([
      `request-removal ${nodeIdOf('worker', 0)}.removal`,
    ]);
  });

  it('fails a node that is not ready in time, in the phase it got to, and replaces it after a pause', () => {
    const late = makeNode({ ordinal: 1, machineRequestedAt: T0, machineCreatedAt: T0, bootedAt: T0 });
    const input = settledInput({
      now: seconds(120),
      bay: makeBay({ foundedAt: T0, foundingNodeId: nodeIdOf('master', 0) }),
    });
    const nodes = [...input.nodes.filter((node) => node.id !== late.id), late];
    const failing = planOf({ ...input, nodes });
    expect(failing.records).toContainEqual({
      kind: 'fail-node',
      id: `${late.id}.fail`,
      nodeId: late.id,
      phase: 'certificate',
      message: 'it was not ready after 120 seconds',
    });
    const failed = nodes.map((node) => (node.id === late.id ? { ...node, failedAt: seconds(120) } : node));
    expect(
      lines(planOf({ ...input, nodes: failed, now: seconds(124) })).filter((line) => line.startsWith('request')),
    ).toEqual([]);
    expect(lines(planOf({ ...input, nodes: failed, now: seconds(125) }))).toContain(
      `request-removal ${late.id}.removal`,
    );
  });

  it('does not blame a node for the time in which nobody looked at its bay', () => {
    const waiting = makeNode({ ordinal: 1, machineRequestedAt: T0, machineCreatedAt: T0, certifiedAt: T0 });
    const granted = { ...waiting, joinGrantedAt: seconds(500) };
    const joined = { ...granted, joinedAt: seconds(501) };
    const linesAt = (second: number, node: typeof waiting, engineState?: 'ready' | 'down'): readonly string[] => {
      const input = settledInput({
        now: seconds(second),
        bay: makeBay({ foundedAt: T0, foundingNodeId: nodeIdOf('master', 0) }),
      });
      const nodes = [...input.nodes.filter(({ id }) => id !== node.id), node];
      const engine = new Map(nodes.map(({ id, name }) => [name, id === node.id ? (engineState ?? 'down') : 'ready']));
      const plan = planOf({ ...input, nodes, observed: { ...input.observed, engine } });
      return lines({ ...plan, loadBalancer: [] });
    };
    expect(linesAt(500, waiting)).toEqual([`grant-join ${waiting.id}.grant`]);
    expect(linesAt(619, granted)).toEqual([]);
    expect(linesAt(620, granted)).toEqual([`fail-node ${waiting.id}.fail`]);
    expect(linesAt(9_000, joined, 'ready')).toEqual([`record-ready ${waiting.id}.ready`]);
    expect(linesAt(9_000, joined, 'down')).toEqual([`fail-node ${waiting.id}.fail`]);
  });

  it.each([
    [501, 501.15],
    [511, 512],
    [590, 592],
  ])('asks the engine of a node that joined at 500 s again soon at first, then less often: at %s s', (second, next) => {
    const joined = makeNode({
      ...{ ordinal: 1, machineRequestedAt: T0, machineCreatedAt: T0, certifiedAt: T0 },
      ...{ joinGrantedAt: seconds(500), joinedAt: seconds(501) },
    });
    const input = settledInput({
      ...{ now: seconds(second), bay: makeBay({ foundedAt: T0, foundingNodeId: nodeIdOf('master', 0) }) },
    });
    const nodes = [...input.nodes.filter(({ id }) => id !== joined.id), joined];
    const engine = new Map(
      nodes.map(({ id, name }) => [name, id === joined.id ? ('down' as const) : ('ready' as const)]),
    );
    expect(planOf({ ...input, nodes, observed: { ...input.observed, engine } }).lookAgainAt).toEqual(seconds(next));
  });

  it('replaces a node whose machine disappeared', () => {
    const input = settledInput();
    const machines = new Map(input.nodes.slice(0, 2).map((node) => [node.id, 'running' as const]));
    const plan = planOf({ ...input, observed: { ...input.observed, machines } });
    expect(lines(plan)).toEqual([`fail-node ${nodeIdOf('worker', 1)}.fail`]);
  });

  it('does not miss a machine that was made after the driver was asked', () => {
    const input = settledInput();
    const machines = new Map(input.nodes.slice(0, 2).map((node) => [node.id, 'running' as const]));
    const nodes = input.nodes.map((node, index) => (index === 2 ? { ...node, machineCreatedAt: seconds(60) } : node));
    expect(lines(planOf({ ...input, nodes, observed: { ...input.observed, machines } }))).toEqual([]);
  });

  it('waits for a machine that was just made and is not listed yet, before it is called lost', () => {
    const input = settledInput();
    const machines = new Map(input.nodes.slice(0, 2).map((node) => [node.id, 'running' as const]));
    const nodes = input.nodes.map((node, index) => (index === 2 ? { ...node, machineCreatedAt: seconds(60) } : node));
    const planAt = (at: number) =>
      planOf({
        ...input,
        now: seconds(at),
        nodes,
        observed: { ...input.observed, machines, machinesAskedAt: seconds(at) },
      });
    const early = planAt(90);
    expect([lines(early), early.settled, early.lookAgainAt]).toEqual([[], false, seconds(100)]);
    expect(early.waits).toMatchObject([{ what: 'the machine to be listed', until: seconds(90) }]);
    expect(lines(planAt(91))).toEqual([`fail-node ${nodeIdOf('worker', 1)}.fail`]);
  });

  it('stops replacing when the replacements are used up, and starts again with a new wish', () => {
    const world = new SimulatedWorld(1, 1);
    for (let ordinal = 0; ordinal < 20; ordinal += 1) world.mute.add(nodeIdOf('worker', ordinal));
    for (let pass = 0; pass < 3700; pass += 1) world.step();
    expect(world.bay?.status).toBe('CREATE_FAILED');
    expect(world.bay?.statusReason).toContain(
      'Node web-worker-3 failed in phase booted: it was not ready after 120 seconds',
    );
    expect(world.nodes.filter((node) => node.role === 'worker')).toHaveLength(4);
    world.mute.clear();
    world.wish('worker', 1);
    for (let pass = 0; pass < 60; pass += 1) world.step();
    expect(world.bay?.status).toBe('UPDATE_COMPLETE');
    expect(world.nodes.filter((node) => node.role === 'worker').map((node) => node.name)).toEqual(['web-worker-4']);
    expect(world.broken).toEqual([]);
  });

  describe('when the machines of all masters are lost', () => {
    const input = settledInput();
    const [master, ...workers] = input.nodes;
    if (!master) throw new Error('there is no master');
    const failedAt = seconds(50);
    const lost = [{ ...master, failedAt }, ...workers];
    const machines = new Map(workers.map((node) => [node.id, 'running' as const]));
    const observed = { machines, machinesAskedAt: seconds(60), engine: 'unknown' as const };

    it('gives up the cluster, and replaces everybody who was in it', () => {
      expect(lines(planOf({ ...input, nodes: lost, observed }))).toEqual([
        `record-cluster-lost ${input.bay.id}.cluster-lost`,
        ...lost.map((node) => `request-removal ${node.id}.removal`),
      ]);
    });

    it.each([
      ['the driver could not be asked', { ...observed, machines: 'unknown' as const }, lost],
      ['the driver was asked once only', { ...observed, machinesAskedAt: failedAt }, lost],
      ['a master answers', { ...observed, engine: new Map([[master.name, 'ready' as const]]) }, lost],
      ['its machine is stopped', { ...observed, machines: new Map([[master.id, 'stopped' as const]]) }, lost],
      ['its machine failed', { ...observed, machines: new Map([[master.id, 'failed' as const]]) }, lost],
      [
        'one of them is there',
        observed,
        [...lost, makeReadyNode({ role: 'master', ordinal: 1, machineCreatedAt: seconds(70) })],
      ],
    ])('gives up nothing while %s', (_name, seen, nodes) => {
      const plan = planOf({ ...input, nodes, observed: seen });
      expect(plan.records.map(({ kind }) => kind)).not.toContain('record-cluster-lost');
    });
  });

  it('does not call a retry done before the engine and the machines were looked at', () => {
    const { bay, nodes } = settledInput();
    const retried = { ...bay, generation: 2, generationAt: seconds(50) };
    const seen = settledInput().observed;
    for (const observed of [
      { ...seen, engine: 'unknown' as const },
      { ...seen, machines: 'unknown' as const },
    ]) {
      const plan = planOf(settledInput({ bay: retried, nodes, observed }));
      expect(plan.settled).toBe(false);
      expect(plan.waits).toHaveLength(1);
    }
    expect(planOf(settledInput({ bay: retried, nodes })).settled).toBe(true);
  });

  it('gives the same plan for the same facts', () => {
    const world = new SimulatedWorld(3, 2);
    for (let pass = 0; pass < 40; pass += 1) {
      expect(world.plan()).toEqual(world.plan());
      world.step();
    }
    expect(world.plan()?.settled).toBe(true);
  });
});

const fault = fc.oneof(
  fc.record({
    kind: fc.constant('scale' as const),
    role: fc.constantFrom('worker' as const),
    count: fc.integer({ min: 0, max: 6 }),
  }),
  fc.record({ kind: fc.constant('lose-worker-machine' as const), pick: fc.nat(10) }),
  fc.record({ kind: fc.constant('lose-all-masters' as const) }),
  fc.record({ kind: fc.constant('switch-off' as const), pick: fc.nat(10) }),
  fc.record({ kind: fc.constant('freeze' as const), pick: fc.nat(10), passes: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ kind: fc.constant('mute-next' as const), ordinal: fc.nat(8) }),
  fc.record({ kind: fc.constant('engine-silent' as const), passes: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constant('steps-fail' as const), passes: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('nothing' as const), passes: fc.integer({ min: 1, max: 20 }) }),
);

function suffer(
  world: SimulatedWorld,
  faults: readonly (typeof fault extends fc.Arbitrary<infer F> ? F : never)[],
): void {
  for (const happened of faults) {
    let passes = 1;
    let stepsWork = true;
    switch (happened.kind) {
      case 'scale':
        world.wish(happened.role, happened.count);
        break;
      case 'lose-worker-machine': {
        const workers = world.nodes.filter((node) => node.role === 'worker' && world.machines.has(node.id));
        const lost = workers[happened.pick % Math.max(1, workers.length)];
        if (lost) {
          world.machines.delete(lost.id);
          world.engineNodes.set(lost.name, 'down');
        }
        break;
      }
      case 'lose-all-masters':
        for (const node of world.nodes) if (node.role === 'master') world.machines.delete(node.id);
        break;
      case 'switch-off': {
        const target = world.nodes[happened.pick % Math.max(1, world.nodes.length)];
        if (target && world.machines.has(target.id)) world.off.add(target.id);
        break;
      }
      case 'freeze': {
        const target = world.nodes[happened.pick % Math.max(1, world.nodes.length)];
        if (target === undefined) break;
        world.frozen.add(target.id);
        for (let pass = 0; pass < happened.passes; pass += 1) world.step();
        world.frozen.delete(target.id);
        break;
      }
      case 'mute-next':
        world.mute.add(nodeIdOf('worker', happened.ordinal));
        break;
      case 'engine-silent':
        world.engineAnswers = false;
        passes = happened.passes;
        break;
      case 'steps-fail':
        stepsWork = false;
        passes = happened.passes;
        break;
      case 'nothing':
        passes = happened.passes;
    }
    for (let pass = 0; pass < passes; pass += 1) world.step(() => stepsWork);
    world.engineAnswers = true;
  }
}

describe('planBay, whatever happens', () => {
  const masters = fc.constantFrom(1, 3, 5);
  const workers = fc.integer({ min: 0, max: 5 });
  const faults = fc.array(fault, { maxLength: 12 });

  it('never breaks a promise', () => {
    fc.assert(
      fc.property(masters, workers, faults, (m, w, happened) => {
        const world = new SimulatedWorld(m, w);
        suffer(world, happened);
        expect(world.broken).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('reaches what is wanted once nothing goes wrong any more', () => {
    fc.assert(
      fc.property(masters, workers, faults, fc.integer({ min: 0, max: 6 }), (m, w, happened, wanted) => {
        const world = new SimulatedWorld(m, w);
        suffer(world, happened);
        // What is lost is noticed when it could be listed for long; what is noticed after the wish counts against it.
        for (let pass = 0; pass <= 31; pass += 1) world.step();
        world.mute.clear();
        world.wish('worker', wanted);
        for (let pass = 0; pass < 400 && !world.plan()?.settled; pass += 1) world.step();
        world.step();
        expect(world.plan()?.settled).toBe(true);
        expect(world.nodes.filter((node) => node.role === 'worker' && node.readyAt)).toHaveLength(wanted);
        expect(world.nodes.filter((node) => node.role === 'master' && node.readyAt)).toHaveLength(m);
        // Each in the same cluster, and not in one that was lost meanwhile.
        for (const node of world.nodes) expect(world.engineNodes.get(node.name)).toBe('ready');
        expect(world.machines.size).toBe(m + wanted);
        expect(world.bay?.status).toMatch(/_COMPLETE$/);
        expect(world.broken).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('always converges when the bay is deleted, and leaves nothing', () => {
    fc.assert(
      fc.property(masters, workers, faults, (m, w, happened) => {
        const world = new SimulatedWorld(m, w);
        suffer(world, happened);
        world.requestDeletion();
        for (let pass = 0; pass < 50 && world.bay; pass += 1) world.step();
        expect(world.bay).toBeNull();
        expect(world.machines.size).toBe(0);
        expect(world.loadBalancer).toBeNull();
        expect(world.broken).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
