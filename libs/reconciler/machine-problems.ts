/** Why machines are not there yet, or are still there, as the ledger has it, for whoever waits for that. */
import { isStaying, type Node, type NodeId } from '@baykeeper/domain';
import type { ReconcilerDependencies } from './dependencies.js';

/** Until then an attempt that failed is followed by the next one before anybody wonders. */
const WORTH_A_WORD_AFTER_MS = 2_000;
/** A crowd has the same reasons. */
const MOST_ASKED = 20;

export const machineOperationId = (nodeId: NodeId): string => `${nodeId}.create-machine`;
export const machineRemovalId = (nodeId: NodeId): string => `${nodeId}.delete-machine`;

/**
 * @param nodes all that are not at rest
 * @returns a sentence for the tenant about machines that are tried again; no question when none is late.
 */
export async function findMachineProblems(
  { database, now }: Pick<ReconcilerDependencies, 'database' | 'now'>,
  nodes: readonly Node[],
): Promise<readonly string[]> {
  const latest = now().getTime() - WORTH_A_WORD_AFTER_MS;
  const isLate = (since: Date | null): boolean => since !== null && since.getTime() <= latest;
  const coming = nodes.filter(
    (node) => isStaying(node) && !node.failedAt && !node.machineCreatedAt && isLate(node.machineRequestedAt),
  );
  const going = nodes.filter((node) => !node.machineRemovedAt && isLate(node.removalRequestedAt));
  const asked = [
    ...coming.slice(0, MOST_ASKED).map(({ id, name }) => ({ id: machineOperationId(id), name, what: 'made' })),
    ...going.slice(0, MOST_ASKED).map(({ id, name }) => ({ id: machineRemovalId(id), name, what: 'removed' })),
  ];
  if (asked.length === 0) return [];
  const errors = await database.stores.operations.lastErrors(asked.map(({ id }) => id));
  const first = asked.find(({ id }) => errors.has(id));
  // One stands for all: the next one would say the same of another node.
  if (first === undefined) return [];
  return [`The machine of ${first.name} could not be ${first.what}: ${errors.get(first.id) ?? ''}`];
}

/** How making each machine failed last; those are left out that did not fail, or are tried right now. */
export async function loadMachineErrors(
  { database }: Pick<ReconcilerDependencies, 'database'>,
  nodes: readonly Pick<Node, 'id'>[],
): Promise<ReadonlyMap<NodeId, string>> {
  if (nodes.length === 0) return new Map();
  const errors = await database.stores.operations.lastErrors(nodes.map(({ id }) => machineOperationId(id)));
  return new Map(
    nodes.flatMap(({ id }) => {
      const error = errors.get(machineOperationId(id));
      return error === undefined ? [] : [[id, error] as const];
    }),
  );
}
