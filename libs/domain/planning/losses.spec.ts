import { describe, expect, it } from '@jest/globals';
import { makeBay, makeGroup, makeReadyNode, seconds, T0 } from '../testing/builders.js';
import { LIMITS, LISTENERS } from '../testing/simulated-world.js';
import type { LoadBalancerId, NodeId } from '../ids.js';
import type { Node } from '../node.js';
import { deriveBayFacts } from './derive-facts.js';
import type { KnownMember } from '../load-balancer.js';
import { deriveNodeHealth } from './node-health.js';
import { planBay } from './plan-bay.js';
import type { Observed, Plan, PlanFacts } from './plan.js';
import { withRoster } from './roster.js';

const masters = [0, 1, 2].map((ordinal) => makeReadyNode({ role: 'master', ordinal }));
const workers = [0, 1].map((ordinal) => makeReadyNode({ ordinal }));
const [first, second, third] = masters as [Node, Node, Node];
const [worker, other] = workers as [Node, Node];

const MEMBERS = new Map(
  LISTENERS.map(({ name: listener, memberRole, memberPort: port }) => {
    const members = [...masters, ...workers]
      .filter(({ role }) => role === memberRole)
      .map(({ id: nodeId, name, address }): KnownMember => ({
        ...{ nodeId, name, address: address ?? '', port, confirmed: true },
      }));
    return [listener, new Map(members.map((member) => [member.nodeId, member]))];
  }),
);

type Machines = Exclude<Observed['machines'], 'unknown'>;
interface Situation {
  /** What differs from a node that is well. */
  readonly nodes?: Readonly<Record<NodeId, Partial<Node>>>;
  /** Machines that do not run; null: not listed. */
  readonly machines?: Readonly<Record<NodeId, 'stopped' | 'failed' | null>>;
  readonly engine?: 'unknown';
  /** Names of nodes that the engine calls down. */
  readonly down?: readonly string[];
  readonly now?: number;
  readonly askedAt?: number;
}

function inputOf({ nodes = {}, machines = {}, engine, down = [], now = 60, askedAt = now }: Situation): PlanFacts {
  const all = [...masters, ...workers].map((node) => ({ ...node, ...nodes[node.id] }));
  const listed: [NodeId, 'running' | 'stopped' | 'failed'][] = all.flatMap(({ id }) => {
    const state = machines[id] === undefined ? 'running' : machines[id];
    return state === null ? [] : [[id, state]];
  });
  return {
    now: seconds(now),
    bay: makeBay({ foundingNodeId: first.id, foundedAt: T0, settledGeneration: 1 }),
    groups: [makeGroup({ role: 'master', nodeCount: 3, nextOrdinal: 3 }), makeGroup({ nodeCount: 2, nextOrdinal: 2 })],
    nodes: all,
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
    members: MEMBERS,
    listeners: LISTENERS,
    observed: {
      machines: new Map(listed) satisfies Machines,
      machinesAskedAt: seconds(askedAt),
      engine: engine ?? new Map(all.map(({ name }) => [name, down.includes(name) ? 'down' : 'ready'])),
    },
    limits: LIMITS,
    toleratedMasterLosses: (count) => Math.floor((count - 1) / 2),
  };
}

const plan = (situation: Situation): Plan => planBay(withRoster(inputOf(situation)));
const lines = (made: Plan): readonly string[] => [
  ...made.records.map((action) => (action.kind === 'fail-node' ? `${action.id}: ${action.message}` : action.id)),
  ...made.nodes.map((action) => `${action.steps.join('>')} ${action.nodeId}`),
];
/** Who stands behind the balancer afterwards; null: nothing changes there. */
const membersIn = (made: Plan): readonly string[] | null => {
  const [action] = made.loadBalancer;
  if (action?.kind !== 'change-members') return null;
  return LISTENERS.flatMap(({ name: listener }) => {
    const { put = [], remove = [] } = action.changes[listener] ?? {};
    const staying = [...(MEMBERS.get(listener)?.values() ?? [])].filter(({ nodeId }) => !remove.includes(nodeId));
    return [...staying, ...put].map(({ name }) => name);
  });
};
const failed = (at: number, message = 'the machine disappeared'): Partial<Node> => ({
  failedAt: seconds(at),
  failure: { phase: 'machine', message, logTail: '' },
});

describe('a ready node whose machine is off', () => {
  const off = { [worker.id]: 'stopped' as const };

  it('leaves the balancer when it is seen, and is replaced when it is seen again after a while', () => {
    const seen = { machines: off, nodes: { [worker.id]: { unreadySince: seconds(55) } } };
    const early = plan(seen);
    expect(lines(early)).toEqual([]);
    expect(membersIn(early)).not.toContain(worker.name);
    expect(early.lookAgainAt).toEqual(seconds(65));
    expect(lines(plan({ ...seen, now: 65 }))).toEqual([`${worker.id}.fail: the machine was switched off`]);
  });

  it('is not judged by an answer from before it was missed', () => {
    const seen = { machines: off, nodes: { [worker.id]: { unreadySince: seconds(50) } } };
    expect(lines(plan({ ...seen, now: 65, askedAt: 50 }))).toEqual([]);
  });

  it('is switched on again while no master answers', () => {
    const made = plan({
      machines: { ...off, [second.id]: 'stopped', [third.id]: 'stopped' },
      engine: 'unknown',
      now: 9_000,
    });
    expect(lines(made)).toEqual([second, third, worker].map(({ id }) => `create-machine ${id}`));
  });
});

describe('one of three masters that is off while the others do not answer', () => {
  const off = (since: number): Situation => ({
    machines: { [second.id]: 'stopped' },
    nodes: { [second.id]: { unreadySince: seconds(since) } },
    engine: 'unknown',
    now: 100,
  });

  it('is left alone while they find themselves a leader', () => {
    expect(lines(plan(off(41)))).toEqual([]);
    expect(plan(off(41)).settled).toBe(false);
  });

  it('is switched on for its vote when they find none', () => {
    expect(lines(plan(off(40)))).toEqual([`create-machine ${second.id}`]);
  });
});

describe('what is known of nodes', () => {
  const health = (situation: Situation): ReadonlyMap<NodeId, unknown> => {
    return deriveNodeHealth(withRoster(inputOf(situation)));
  };

  it('is news only where it changes', () => {
    expect(health({})).toEqual(new Map());
    const missed = { engineState: 'down' as const, unreadySince: seconds(60) };
    expect(health({ down: [worker.name] })).toEqual(new Map([[worker.id, missed]]));
    expect(health({ down: [worker.name], nodes: { [worker.id]: missed }, now: 90 })).toEqual(new Map());
    expect(health({ nodes: { [worker.id]: missed }, now: 90 })).toEqual(
      new Map([[worker.id, { engineState: 'ready', unreadySince: null }]]),
    );
  });

  it('is that a machine is off, whatever the engine says or does not say', () => {
    const off = { [worker.id]: 'stopped' as const };
    expect(health({ machines: off }).get(worker.id)).toEqual({ engineState: 'ready', unreadySince: seconds(60) });
    expect(health({ machines: off, engine: 'unknown' }).get(worker.id)).toEqual({
      engineState: null,
      unreadySince: seconds(60),
    });
  });

  it('is not that they are ready while nobody answers, and counts anew when somebody does', () => {
    const silent = health({ engine: 'unknown', nodes: { [worker.id]: { engineState: 'down', unreadySince: T0 } } });
    expect(silent.get(first.id)).toEqual({ engineState: null, unreadySince: null });
    expect(silent.get(worker.id)).toEqual({ engineState: 'down', unreadySince: null });
    const before = Object.fromEntries([...masters, other].map(({ id }) => [id, { engineState: null }]));
    const off = { engineState: 'down' as const, unreadySince: T0 };
    expect(health({ nodes: { ...before, [worker.id]: off }, down: [worker.name], now: 200 }).get(worker.id)).toEqual({
      engineState: 'down',
      unreadySince: seconds(200),
    });
  });
});

describe('a ready node that its cluster misses', () => {
  const missed = {
    nodes: { [worker.id]: { unreadySince: seconds(10), engineState: 'down' as const } },
    down: [worker.name],
  };

  it('is out of the balancer at once and replaced after the time given', () => {
    const early = plan({ ...missed, now: 69 });
    expect(lines(early)).toEqual([]);
    expect(early.settled).toBe(false);
    expect(membersIn(early)).not.toContain(worker.name);
    expect(membersIn(early)).toContain(other.name);
    expect(lines(plan({ ...missed, now: 70 }))).toEqual([
      `${worker.id}.fail: its cluster has missed it for 60 seconds`,
    ]);
  });

  it('is given its time anew when no master answered meanwhile', () => {
    const again = { ...missed, nodes: { [worker.id]: { unreadySince: null } } };
    expect(lines(plan({ ...again, now: 9_000 }))).toEqual([]);
    expect(lines(plan({ ...missed, engine: 'unknown', now: 9_000 }))).toEqual([]);
  });

  it('stays in the balancer when nobody else of its role is left', () => {
    const all = Object.fromEntries(
      workers.map(({ id }) => [id, { unreadySince: seconds(50), engineState: 'down' as const }]),
    );
    expect(membersIn(plan({ nodes: all, down: workers.map(({ name }) => name) }))).toBeNull();
  });
});

describe('masters that are lost', () => {
  it('are taken out of their cluster one at a time', () => {
    const situation = {
      nodes: { [second.id]: failed(10), [third.id]: failed(11) },
      machines: { [second.id]: null, [third.id]: null },
      now: 300,
    };
    const made = plan(situation);
    expect(made.records.filter(({ kind }) => kind === 'request-removal').map(({ id }) => id)).toEqual([
      `${second.id}.removal`,
    ]);
    const leaving = { ...failed(10), removalRequestedAt: seconds(299) };
    const next = plan({ ...situation, nodes: { ...situation.nodes, [second.id]: leaving } });
    expect(next.records.filter(({ kind }) => kind === 'request-removal')).toEqual([]);
  });

  it('are left alone while a minority is lost and the others do not answer for a moment', () => {
    const input = withRoster(inputOf({ nodes: { [second.id]: failed(10) }, engine: 'unknown', now: 300 }));
    const made = planBay(input);
    expect(lines(made)).toEqual([]);
    expect(deriveBayFacts(input, made, []).status).toBe('UPDATE_IN_PROGRESS');
  });

  it('are left alone when the quorum is lost with them, and the bay says so and what can be done', () => {
    const facts = inputOf({
      nodes: { [second.id]: failed(10), [third.id]: failed(11, 'the machine failed') },
      machines: { [second.id]: null, [third.id]: 'failed' },
      engine: 'unknown',
      now: 9_000,
    });
    const input = withRoster(facts);
    const made = planBay(input);
    expect(lines(made)).toEqual([]);
    const told = deriveBayFacts(input, made, []);
    expect(told.status).toBe('UPDATE_FAILED');
    expect(told.statusReason).toMatch(
      /^Quorum lost, 2 of 3 masters are gone \(web-master-1: the machine disappeared; web-master-2: the machine failed\)\. .*operator brings the cluster back/,
    );
  });
});
