import type { Bay, NodeGroup } from '../bay.js';
import type { KnownMembers, Listener, LoadBalancer } from '../load-balancer.js';
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

export function listenersAreSettled(loadBalancer: LoadBalancer, listeners: readonly Listener[]): boolean {
  const text = (listener: Listener): string =>
    `${listener.name} ${String(listener.port)} ${String(listener.memberPort)} ${listener.memberRole} ${listener.healthPath ?? ''}`;
  const known = new Set(loadBalancer.listeners.map(text));
  return known.size === listeners.length && listeners.every((listener) => known.has(text(listener)));
}

/** May the node be a member of any listener, as far as is known? */
export function isRegisteredAnywhere(loadBalancer: LoadBalancer | null, members: KnownMembers, node: Node): boolean {
  if (!loadBalancer || loadBalancer.removedAt) return false;
  for (const some of members.values()) if (some.has(node.id)) return true;
  return false;
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
  // With what an engine puts before it (`system:node:`) it still fits a certificate's name of 64 characters.
  const short = group.isDefault ? group.role : slug(group.name, 16) || group.role;
  return `${slug(bay.name, 28) || 'bay'}-${short}-${String(ordinal)}`;
}
