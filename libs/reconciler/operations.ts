import { publicMessageOf, type BayId, type NodeId } from '@baykeeper/domain';
import type { ReconcilerDependencies } from './dependencies.js';
import { withPatience } from './with-patience.js';

interface Operation {
  /** Stable: doing the same thing again has the same id. */
  readonly id: string;
  readonly bayId: BayId;
  readonly nodeId: NodeId | null;
  readonly kind: string;
}

/** Does one write outside with an entry in the ledger before and after it, also when it fails. */
export async function recordOperation<T>(
  { database, driverPatienceMs }: Pick<ReconcilerDependencies, 'database' | 'driverPatienceMs'>,
  operation: Operation,
  work: () => Promise<T>,
): Promise<T> {
  await database.stores.operations.begin(operation);
  try {
    const result = await withPatience(work, driverPatienceMs);
    await database.stores.operations.finish(operation.id, { error: null });
    return result;
  } catch (error) {
    await database.stores.operations.finish(operation.id, { error: publicMessageOf(error) });
    throw error;
  }
}
