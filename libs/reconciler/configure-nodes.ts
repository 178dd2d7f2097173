import { detailOf, type RecordAction } from '@baykeeper/domain';
import { engineContextOf, type BayState } from './bay-state.js';
import type { ReconcilerDependencies } from './dependencies.js';
import { recordOperation } from './operations.js';

/**
 * Before a node is called ready the engine is told what it must know of it. Where that fails the node is not ready yet,
 * and its action is left for the next pass.
 * @returns the actions that may be carried out now.
 */
export async function configureNodes(
  dependencies: ReconcilerDependencies,
  state: BayState,
  actions: readonly RecordAction[],
): Promise<readonly RecordAction[]> {
  const kept: RecordAction[] = [];
  for (const action of actions) {
    const node = action.kind === 'record-ready' ? state.nodes.find((known) => known.id === action.nodeId) : undefined;
    if (!node) {
      kept.push(action);
      continue;
    }
    const group = state.groups.find((known) => known.id === node.nodeGroupId);
    const operation = { id: `${node.id}.configure`, bayId: state.bay.id, nodeId: node.id, kind: 'configure-node' };
    try {
      await recordOperation(dependencies, operation, async () => {
        const context = await engineContextOf(dependencies, state);
        await dependencies.drivers
          .engine(state.bay.engine)
          .configureNode(context, node, group ?? { name: node.role, nodeLabels: {} });
      });
      kept.push(action);
    } catch (error) {
      dependencies.log.warn(
        { bayId: state.bay.id, nodeId: node.id, error: detailOf(error) },
        'configuring a node failed',
      );
    }
  }
  return kept;
}
