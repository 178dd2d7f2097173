import type { NodeId } from '../ids.js';
import type { Node } from '../node.js';
import type { Observed, PlanInput } from './plan.js';

export type NodeHealth = Pick<Node, 'engineState' | 'unreadySince'>;

/** Its machine is known to be switched off. */
export function isOff(node: Pick<Node, 'id'>, { machines }: Pick<Observed, 'machines'>): boolean {
  return machines !== 'unknown' && machines.get(node.id) === 'stopped';
}

/** What is to be recorded of each ready node of which something else is known now than before; of those at rest nothing is. */
export function deriveNodeHealth({ observed, now, roster }: PlanInput): ReadonlyMap<NodeId, NodeHealth> {
  const { open, restingOfRole } = roster;
  // An engine that was silent calls nodes down that it has not heard yet: each gets its full time from here on.
  const wasSilent =
    restingOfRole.master + restingOfRole.worker === 0 &&
    open.every((node) => node.readyAt === null || node.engineState !== 'ready');
  const changed = new Map<NodeId, NodeHealth>();
  for (const node of open) {
    if (node.readyAt === null) continue;
    const health = healthOf(node, observed, now, wasSilent);
    const isNews = health.unreadySince?.getTime() !== node.unreadySince?.getTime();
    if (isNews || health.engineState !== node.engineState) changed.set(node.id, health);
  }
  return changed;
}

function healthOf(node: Node, observed: Observed, now: Date, wasSilent: boolean): NodeHealth {
  const off = isOff(node, observed);
  const since = node.unreadySince ?? now;
  if (observed.engine === 'unknown')
    return { engineState: node.engineState === 'down' ? 'down' : null, unreadySince: off ? since : null };
  const engineState = observed.engine.get(node.name) ?? null;
  if (engineState === 'ready' && !off) return { engineState, unreadySince: null };
  return { engineState, unreadySince: wasSilent ? now : since };
}
