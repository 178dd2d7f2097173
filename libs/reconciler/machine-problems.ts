/** Why machines are not there yet, as the ledger has it, for whoever waits for them. */
import { isStaying, type Node, type NodeId } from '@baykeeper/domain';
import type { ReconcilerDependencies } from './dependencies.js';

/** Until then an attempt that failed is followed by the next one before anybody wonders. */
const WORTH_A_WORD_AFTER_MS = 2_000;
/** A crowd has the same reasons. */
const MOST_ASKED = 20;

export const machineOperationId = (nodeId: NodeId): string => `${nodeId}.create-machine`;

/** @returns sentences for the tenant about machines that are tried again; no question when none is late. */
export async function findMachineProblems(
  { database, now }: Pick<ReconcilerDependencies, 'database' | 'now'>,
  nodes: readonly Node[],
): Promise<readonly string[]> {
  const latest = now().getTime() - WORTH_A_WORD_AFTER_MS;
  const late = nodes.filter(
    (node) =>
      isStaying(node) &&
      !node.failedAt &&
      !node.machineCreatedAt &&
      node.machineRequestedAt !== null &&
      node.machineRequestedAt.getTime() <= latest,
  );
  const errors = await loadMachineErrors({ database }, late.slice(0, MOST_ASKED));
  const problems = [...errors].map(
    ([nodeId, error]) => `The machine of ${nameOf(late, nodeId)} could not be made: ${error}`,
  );
  // One stands for all: the next one would say the same of another node.
  return problems.slice(0, 1);
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

const nameOf = (nodes: readonly Node[], id: NodeId): string => nodes.find((node) => node.id === id)?.name ?? id;
