/**
 * What an engine is told about a bay when its nodes ask to join: the bay and its masters, who let others in. Those who ask within moments of each other share one reading, as long as it is newer than what they wait for.
 */
import { BaykeeperError, clientAddressOf, type Bay, type BayId } from '@baykeeper/domain';
import type { ControlIdentity, EngineContext } from '@baykeeper/drivers';
import { SYSTEM, type Database } from '@baykeeper/storage';

const SHARED_FOR_MS = 2_000;

export interface BayContextsDependencies {
  readonly database: Database;
  /** PEM texts to speak to a bay's engine with; null for a bay without TLS. */
  readonly controlIdentity: (bay: Bay) => Promise<ControlIdentity | null>;
  readonly now: () => Date;
}

export interface BayContexts {
  /** @throws BaykeeperError `not-found` when the bay is gone */
  load(bayId: BayId, newerThan: Date): Promise<EngineContext>;
}

export function openBayContexts(dependencies: BayContextsDependencies): BayContexts {
  const shared = new Map<BayId, { readonly at: number; readonly context: Promise<EngineContext> }>();

  async function read(bayId: BayId): Promise<EngineContext> {
    const { bays, nodes, loadBalancers } = dependencies.database.stores;
    const [bay, nodeRows, loadBalancer] = await Promise.all([
      bays.getForNode(bayId),
      nodes.listMasters(SYSTEM, bayId),
      loadBalancers.findByBay(SYSTEM, bayId),
    ]);
    if (bay === null) throw new BaykeeperError({ code: 'not-found', publicMessage: 'The bay is gone.' });
    return {
      bay,
      nodes: nodeRows,
      clientAddress: clientAddressOf(bay, nodeRows, loadBalancer),
      identity: await dependencies.controlIdentity(bay),
    };
  }

  return {
    load(bayId, newerThan) {
      const at = dependencies.now().getTime();
      for (const [id, entry] of shared) if (at - entry.at >= SHARED_FOR_MS) shared.delete(id);
      const known = shared.get(bayId);
      if (known !== undefined && known.at > newerThan.getTime()) return known.context;
      const context = read(bayId);
      const entry = { at, context };
      shared.set(bayId, entry);
      context.catch(() => {
        if (shared.get(bayId) === entry) shared.delete(bayId);
      });
      return context;
    },
  };
}
