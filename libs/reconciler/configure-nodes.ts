import { detailOf, type Node, type RecordAction } from '@baykeeper/domain';
import type { EngineContext } from '@baykeeper/drivers';
import { engineContextOf, type BayState } from './bay-state.js';
import type { ReconcilerDependencies } from './dependencies.js';
import { mapAtOnce } from './map-at-once.js';
import { recordOperation } from './operations.js';

/** What an engine is told of at a time: its managers take one change after the other anyway. */
const AT_ONCE = 50;

/**
 * Before a node is called ready the engine is told what it must know of it. Where that fails the node is not ready yet,
 * and its action is left for the next pass.
 * @param open all of the bay's nodes that are not at rest
 * @returns the actions that may be carried out now.
 */
export async function configureNodes(
  dependencies: ReconcilerDependencies,
  state: BayState,
  open: readonly Node[],
  actions: readonly RecordAction[],
): Promise<readonly RecordAction[]> {
  if (!actions.some((action) => action.kind === 'record-ready')) return actions;
  const nodes = new Map(open.map((node) => [node.id, node]));
  const context = await engineContextOf(dependencies, state).catch(() => null);
  const configured = await mapAtOnce(actions, AT_ONCE, async (action) => {
    const node = action.kind === 'record-ready' ? nodes.get(action.nodeId) : undefined;
    return !node || configureNode(dependencies, state, context, node);
  });
  return actions.filter((_, index) => configured[index]);
}

async function configureNode(
  dependencies: ReconcilerDependencies,
  state: BayState,
  context: EngineContext | null,
  node: Node,
): Promise<boolean> {
  const group = state.groups.find((known) => known.id === node.nodeGroupId);
  const operation = { id: `${node.id}.configure`, bayId: state.bay.id, nodeId: node.id, kind: 'configure-node' };
  try {
    await recordOperation(dependencies, operation, async () => {
      await dependencies.drivers
        .engine(state.bay.engine)
        .configureNode(
          context ?? (await engineContextOf(dependencies, state)),
          node,
          group ?? { name: node.role, nodeLabels: {}, nodeTaints: [] },
        );
    });
    return true;
  } catch (error) {
    dependencies.log.warn(
      { bayId: state.bay.id, nodeId: node.id, error: detailOf(error) },
      'configuring a node failed',
    );
    return false;
  }
}
