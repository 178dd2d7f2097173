/** The load balancer's part of a plan: that there is one as the engine wants it, and who stands behind it. */
import type { NodeId } from '../ids.js';
import type { KnownMember, Member, MemberChanges } from '../load-balancer.js';
import type { Node } from '../node.js';
import type { Draft } from './draft.js';
import { isStaying, listenersAreSettled } from './facts.js';
import { isOff } from './node-health.js';
import type { PlanInput } from './plan.js';

export function planLoadBalancer({ bay, listeners, loadBalancer }: PlanInput, draft: Draft): void {
  if (listeners.length === 0) return;
  if (loadBalancer?.address && listenersAreSettled(loadBalancer, listeners)) return;
  draft.loadBalancer.push({ kind: 'ensure-load-balancer', id: `${bay.id}.load-balancer`, listeners });
}

export function planMembers(input: PlanInput, draft: Draft): void {
  const { bay, listeners, loadBalancer, roster } = input;
  if (!loadBalancer?.address || !listenersAreSettled(loadBalancer, listeners)) return;
  const changes = memberChanges(input);
  const unregistered = roster.open.some((node) => isStaying(node) && node.readyAt && !node.registeredAt);
  if (Object.keys(changes).length === 0 && !unregistered) return;
  draft.loadBalancer.push({ kind: 'change-members', id: `${bay.id}.members`, changes });
}

/**
 * What has to change so that exactly the ready nodes that stay, and serve, stand behind each listener. A member that is not
 * confirmed counts as one that may be there: it is put again, and has to be removed. Those at rest stand there already.
 */
function memberChanges(input: PlanInput): Readonly<Record<string, MemberChanges>> {
  const { listeners, members: known, roster } = input;
  const unable = unableOf(input);
  const changes: Record<string, MemberChanges> = {};
  for (const { name: listener, memberRole, memberPort: port } of listeners) {
    const members = known.get(listener);
    const put: Member[] = [];
    let wanted = roster.restingOfRole[memberRole];
    for (const node of roster.open) {
      const { id: nodeId, name, address } = node;
      if (!isWantedMember(node, memberRole) || address === null || unable.has(node)) continue;
      const member = members?.get(nodeId);
      if (member !== undefined) wanted += 1;
      if (!member?.confirmed || member.address !== address || member.port !== port)
        put.push({ nodeId, name, address, port });
    }
    const isCrowded = members !== undefined && members.size > wanted;
    const remove = isCrowded ? strangers(members, input, memberRole, unable) : [];
    if (put.length + remove.length > 0) changes[listener] = { put, remove };
  }
  const names = new Set(listeners.map(({ name }) => name));
  for (const [listener, members] of known)
    if (!names.has(listener) && members.size > 0) changes[listener] = { put: [], remove: [...members.keys()] };
  return changes;
}

function isWantedMember(node: Node, role: Node['role']): boolean {
  return node.role === role && isStaying(node) && node.readyAt !== null && node.address !== null;
}

function strangers(
  members: ReadonlyMap<NodeId, KnownMember>,
  { nodes }: PlanInput,
  role: Node['role'],
  unable: ReadonlySet<Node>,
): readonly NodeId[] {
  const wanted = new Set(nodes.filter((node) => isWantedMember(node, role) && !unable.has(node)).map(({ id }) => id));
  return [...members.keys()].filter((id) => !wanted.has(id));
}

/**
 * Those of which it is known that they serve nothing. When that leaves none of a role, its nodes stay: a balancer without
 * members helps nobody, and its own health checks go on.
 */
function unableOf({ observed, roster: { open, restingOfRole } }: PlanInput): ReadonlySet<Node> {
  const isAble = (node: Node): boolean =>
    node.engineState !== 'down' && node.failedAt === null && !isOff(node, observed);
  const unable = open.filter((node) => !isAble(node));
  const isServed = (role: Node['role']): boolean =>
    restingOfRole[role] > 0 ||
    open.some((node) => node.role === role && isStaying(node) && node.readyAt && isAble(node));
  const roles = new Set(
    (['master', 'worker'] as const).filter((role) => unable.some((node) => node.role === role) && isServed(role)),
  );
  return new Set(unable.filter(({ role }) => roles.has(role)));
}
