import type { Bay, NodeGroup } from '../bay.js';
import type { Listener, LoadBalancer, Member } from '../load-balancer.js';
import type { Node, NodeFailure } from '../node.js';
import type { PlanLimits } from './plan.js';

/** Small pure questions about facts, shared by the planner and by the derivation of the status. */

/** Nodes that the bay has and keeps: not on their way out. */
export function isStaying(node: Node): boolean {
  return node.removalRequestedAt === null;
}

/** The machine may still exist somewhere. */
export function isPresent(node: Node): boolean {
  return node.machineRemovedAt === null;
}

/**
 * When the present wish must have come true; null once it did (repairs of a settled bay have no deadline, only each
 * node's own time to boot).
 */
export function deadlineOf(bay: Bay, limits: Pick<PlanLimits, 'defaultCreateTimeoutMs'>): Date | null {
  if (!bay.deletionRequestedAt && bay.settledGeneration >= bay.generation) return null;
  const minutes = bay.createTimeoutMinutes;
  const timeout = minutes === null || minutes === 0 ? limits.defaultCreateTimeoutMs : minutes * 60_000;
  return new Date(bay.generationAt.getTime() + timeout);
}

/** Who must stand behind each listener now: ready nodes that stay. */
export function wantedMembers(
  listeners: readonly Listener[],
  nodes: readonly Node[],
): Readonly<Record<string, readonly Member[]>> {
  const wanted: Record<string, readonly Member[]> = {};
  for (const listener of listeners) {
    const members: Member[] = [];
    for (const node of nodes) {
      if (node.role !== listener.memberRole || !isStaying(node) || !node.readyAt || node.address === null) continue;
      members.push({ nodeId: node.id, name: node.name, address: node.address, port: listener.memberPort });
    }
    wanted[listener.name] = members.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  return wanted;
}

function sameMembers(a: readonly Member[] | undefined, b: readonly Member[]): boolean {
  if (a?.length !== b.length) return false;
  const known = new Set(a.map((member) => `${member.nodeId} ${member.address} ${String(member.port)}`));
  return b.every((member) => known.has(`${member.nodeId} ${member.address} ${String(member.port)}`));
}

/** Whether what was last written to the balancer is what is wanted. */
export function membersAreSettled(
  loadBalancer: LoadBalancer,
  wanted: Readonly<Record<string, readonly Member[]>>,
): boolean {
  return Object.entries(wanted).every(([listener, members]) => sameMembers(loadBalancer.members[listener], members));
}

export function listenersAreSettled(loadBalancer: LoadBalancer, listeners: readonly Listener[]): boolean {
  const text = (listener: Listener): string =>
    `${listener.name} ${String(listener.port)} ${String(listener.memberPort)} ${listener.memberRole}`;
  const known = new Set(loadBalancer.listeners.map(text));
  return known.size === listeners.length && listeners.every((listener) => known.has(text(listener)));
}

/** Is the node a member of any listener, as far as the last write goes? */
export function isRegisteredAnywhere(loadBalancer: LoadBalancer | null, node: Node): boolean {
  if (!loadBalancer || loadBalancer.removedAt) return false;
  return Object.values(loadBalancer.members).some((members) => members.some((member) => member.nodeId === node.id));
}

/** How far an unfinished node got, in the words of {@link NodeFailure}. */
export function bootPhaseOf(node: Node): NodeFailure['phase'] {
  if (!node.machineCreatedAt) return 'machine';
  if (!node.bootedAt) return 'booted';
  if (!node.certifiedAt) return 'certificate';
  return node.joinedAt ? 'joined' : 'join';
}

/** The host name of a group's node: a DNS label (RFC 1123), readable, unique in the bay through the ordinal. */
export function nodeNameOf(
  bay: Pick<Bay, 'name'>,
  group: Pick<NodeGroup, 'name' | 'role' | 'isDefault'>,
  ordinal: number,
): string {
  const slug = (text: string, longest: number): string =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, longest)
      .replace(/-+$/, '');
  const short = group.isDefault ? group.role : slug(group.name, 20) || group.role;
  return `${slug(bay.name, 30) || 'bay'}-${short}-${String(ordinal)}`;
}
