/**
 * An engine on machines that do not exist: rules, topology, certificates and credentials are the real engine's, only the
 * conversation with a running cluster is made up, from the facts that the nodes themselves reported. So everything up to
 * the engine's own door is the same as on real machines. Used with simulated compute alone.
 */
import { isStaying, type Node } from '@baykeeper/domain';
import type { EngineContext, EngineDriver, EngineObservation } from '../../contracts/engine.js';

/** What a simulated node answers when it is asked for its versions. */
const VERSION = 'simulated';

export function simulateEngine(engine: EngineDriver): EngineDriver {
  // Nobody asks a simulated cluster for anything.
  const { announceListeners: _, ...rules } = engine;
  return {
    ...rules,
    joinData: (context, node) => Promise.resolve(joinDataOf(context, node)),
    observe: (context) => Promise.resolve(observationOf(context)),
    configureNode: () => Promise.resolve(),
    drainNode: () => Promise.resolve({ drained: true, detail: 'nothing runs on a simulated node' }),
    removeNode: () => Promise.resolve(),
    ...(engine.rotateCredentials && { rotateCredentials: () => Promise.resolve() }),
  };
}

/** As in a real cluster: the founder first, the others once there is something to join. */
function joinDataOf({ bay }: EngineContext, node: Node): Readonly<Record<string, string>> | null {
  if (!bay.foundedAt && bay.foundingNodeId !== node.id) return null;
  return { SIMULATED_JOIN: bay.foundedAt ? 'join' : 'found' };
}

function observationOf({ nodes }: EngineContext): EngineObservation {
  const joined = nodes.filter((node) => node.joinedAt && !node.leftAt && !node.machineRemovedAt);
  if (!joined.some((node) => node.role === 'master'))
    return { reachable: false, reason: 'No simulated master has joined.' };
  return {
    reachable: true,
    nodes: joined.map((node) => ({ name: node.name, state: isStaying(node) ? 'ready' : 'down', detail: 'simulated' })),
    engineVersion: VERSION,
    containerVersion: VERSION,
  };
}
