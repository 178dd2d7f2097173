import type { Bay } from './bay.js';
import type { LoadBalancer } from './load-balancer.js';
import type { Node } from './node.js';

/**
 * The IPv4 address that clients of a bay use: its load balancer's, or without one its first master's. Null while there is
 * none.
 */
export function clientAddressOf(
  bay: Pick<Bay, 'masterLbEnabled'>,
  nodes: readonly Node[],
  loadBalancer: LoadBalancer | null,
): string | null {
  if (bay.masterLbEnabled) return loadBalancer?.address ?? null;
  const masters = nodes.filter((node) => node.role === 'master' && !node.removalRequestedAt && node.address !== null);
  return [...masters].sort((a, b) => a.ordinal - b.ordinal)[0]?.address ?? null;
}
