/**
 * Who of a bay is at rest, counted, and everybody else in person. Of ten thousand nodes nearly all are at rest: ready and
 * well, staying, and behind the balancer as wanted. The planner has nothing to do with them but to count them, so its rules
 * look at the others only.
 *
 * A roster is made from the one before it where there is one. Rows are never changed in place, so whoever was at rest and
 * has the same row is asked only what may be otherwise than before: comparing two lists of rows costs next to nothing.
 */
import type { NodeRole } from '../bay.js';
import type { NodeGroupId } from '../ids.js';
import type { Listener } from '../load-balancer.js';
import type { Node } from '../node.js';
import type { PlanFacts, PlanInput, Roster, RosterFacts } from './plan.js';

/** @param before any roster of the same bay, if there is one: it changes the cost, never the outcome. */
export function withRoster(facts: PlanFacts, before: Roster | null = null): PlanInput {
  return { ...facts, roster: takeRoster(facts, before) };
}

/** How many nodes of the group stay, and who of them is not at rest. */
export function stayingIn(
  { open, restingOfGroup }: Roster,
  groupId: NodeGroupId,
): { readonly count: number; readonly open: readonly Node[] } {
  const staying = open.filter((node) => node.nodeGroupId === groupId && node.removalRequestedAt === null);
  return { count: (restingOfGroup.get(groupId) ?? 0) + staying.length, open: staying };
}

function takeRoster(facts: RosterFacts, before: Roster | null): Roster {
  const { nodes, observed, loadBalancer, members, listeners } = facts;
  const known = before !== null && isOfSameBalancer(before.made, facts) ? before : null;
  const isSeenAsBefore = known?.made.observed === observed;
  const areMachinesSame = known?.made.observed.machines === observed.machines;
  const resting = new Uint8Array(nodes.length);
  const open: Node[] = [];
  const count = new Count(known);
  for (let place = 0; place < Math.max(nodes.length, known?.made.nodes.length ?? 0); place += 1) {
    const node = nodes[place];
    const old = known?.made.nodes[place];
    const didRest = known?.made.resting[place] === 1;
    const isSameRow = node === old;
    const rests =
      node !== undefined &&
      (didRest && isSameRow ? isSeenAsBefore || isWell(node, observed, areMachinesSame) : isAtRest(node, facts));
    if (rests) resting[place] = 1;
    else if (node !== undefined) open.push(node);
    if (isSameRow && rests === didRest) continue;
    if (old !== undefined && didRest) count.add(old, -1);
    if (node !== undefined && rests) count.add(node, 1);
    if (!isSameRow && (old?.role === 'master' || node?.role === 'master')) count.areMastersSame = false;
  }
  const masters =
    known !== null && count.areMastersSame ? known.masters : nodes.filter(({ role }) => role === 'master');
  const { ofRole: restingOfRole, ofGroup: restingOfGroup } = count;
  return {
    open,
    masters,
    restingOfRole,
    restingOfGroup,
    made: { nodes, observed, loadBalancer, members, listeners, resting },
  };
}

/** Of those at rest; it begins with what was counted before. */
class Count {
  readonly ofRole: Record<NodeRole, number>;
  readonly ofGroup: Map<NodeGroupId, number>;
  areMastersSame = true;

  constructor(before: Roster | null) {
    this.ofRole = { master: 0, worker: 0, ...before?.restingOfRole };
    this.ofGroup = new Map(before?.restingOfGroup);
  }

  add({ role, nodeGroupId }: Node, difference: 1 | -1): void {
    this.ofRole[role] += difference;
    this.ofGroup.set(nodeGroupId, (this.ofGroup.get(nodeGroupId) ?? 0) + difference);
  }
}

/** Whoever stood behind the balancer as wanted still does: its members change through the planner only, and are read anew when somebody else changed them. */
function isOfSameBalancer(before: RosterFacts, { loadBalancer, members, listeners }: RosterFacts): boolean {
  if ((before.loadBalancer === null) !== (loadBalancer === null)) return false;
  return loadBalancer === null || (before.members === members && areSame(before.listeners, listeners));
}

function areSame(some: readonly Listener[], others: readonly Listener[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ name, memberRole, memberPort }, place) => {
      const other = others[place];
      return other?.name === name && other.memberRole === memberRole && other.memberPort === memberPort;
    })
  );
}

function isAtRest(node: Node, facts: RosterFacts): boolean {
  if (!node.readyAt || !node.machineCreatedAt || !node.joinGrantedAt || node.engineState !== 'ready') return false;
  if (node.failedAt || node.unreadySince || node.removalRequestedAt || node.machineRemovedAt) return false;
  return isWell(node, facts.observed) && standsAsWanted(node, facts);
}

/** As far as was seen outside: where the driver could not be asked its machines are as they were. */
function isWell({ id, name }: Node, { machines, engine }: RosterFacts['observed'], areMachinesSame = false): boolean {
  if (engine === 'unknown' || engine.get(name) !== 'ready') return false;
  return areMachinesSame || machines === 'unknown' || machines.get(id) === 'running';
}

function standsAsWanted(
  { id, role, address, registeredAt }: Node,
  { loadBalancer, members, listeners }: RosterFacts,
): boolean {
  if (loadBalancer === null) return true;
  if (!registeredAt || address === null) return false;
  return listeners.every(({ name, memberRole, memberPort }) => {
    if (memberRole !== role) return true;
    const member = members.get(name)?.get(id);
    return member?.confirmed === true && member.address === address && member.port === memberPort;
  });
}
