import { deriveNodeHealth, isOff, type Node, type PlanInput } from '@baykeeper/domain';
import { wakeWatchers, type NewEvent, type ReconcilerDependencies } from './dependencies.js';
import type { BayObservation } from './observe-bay.js';

/**
 * Remembers what is known of each ready node where it changed: for lists, for the choice of who leaves, and for the planner,
 * which replaces nodes that are missed for long. The tenant is told of every node that goes missing and comes back.
 * @returns whether anything changed
 */
export async function recordEngineStates(
  dependencies: ReconcilerDependencies,
  input: PlanInput,
  observation: BayObservation,
): Promise<boolean> {
  const { bay, roster } = input;
  // Nobody is asked while the bay goes away.
  if (bay.deletionRequestedAt) return false;
  const changed = deriveNodeHealth(input);
  if (changed.size === 0) return false;
  const describe = describer(dependencies, observation);
  const events: NewEvent[] = [];
  for (const node of roster.open) {
    const health = changed.get(node.id);
    if (health === undefined || node.failedAt || node.removalRequestedAt) continue;
    const wasReady = node.unreadySince === null;
    const isReady = health.unreadySince === null;
    // While no master answers nobody knows that it is back.
    if (wasReady === isReady || (isReady && observation.observed.engine === 'unknown')) continue;
    events.push({
      ...{ bayId: bay.id, projectId: bay.projectId, nodeId: node.id },
      ...(isReady
        ? { kind: 'node-back', level: 'info', message: `${node.name} is ready again.` }
        : { kind: 'node-missed', level: 'warning', message: describe(node) }),
    });
  }
  // Events first: they take the bay's turn before the rows of its nodes, as everywhere.
  await dependencies.database.transaction(async (stores) => {
    if (events.length > 0) await stores.events.appendMany(events);
    await stores.nodes.recordEngineStates(changed);
  });
  if (events.length > 0) await wakeWatchers(dependencies, bay.id);
  return true;
}

/** Why a node is missed, as a tenant would say it; an engine's own words come behind. */
function describer(
  { limits }: Pick<ReconcilerDependencies, 'limits'>,
  { observed, engine }: BayObservation,
): (node: Node) => string {
  const details = new Map(engine?.reachable ? engine.nodes.map(({ name, detail }) => [name, detail]) : []);
  const end = `It is replaced if it does not come back within ${String(Math.round(limits.nodeLostTimeoutMs / 1_000))} seconds.`;
  return (node) => {
    const begin = `${node.name} is not ready any more: `;
    if (isOff(node, observed)) return `${begin}its machine is switched off.`;
    const detail = details.get(node.name);
    if (detail === undefined) return `${begin}its cluster has no word of it. ${end}`;
    return `${begin}its cluster does not reach it${detail === '' ? '' : ` (${detail})`}. ${end}`;
  };
}
