/**
 * What a wish would do, without doing it. The wish is made by the same code as always, in a transaction in which the
 * planner is asked what follows from it, and which is then taken back: so a preview is refused when the wish would be, and
 * names the nodes that the reconciler would choose.
 */
import { randomUUID } from 'node:crypto';
import {
  planBay,
  withRoster,
  type Bay,
  type BayId,
  type Node,
  type NodeRole,
  type PlanFacts,
  type RemovalReason,
} from '@baykeeper/domain';
import { SYSTEM, type Database, type Stores } from '@baykeeper/storage';
import type { BayWish } from '../bays/bay.schema.js';
import { Bays, type BaysDependencies, type WishRules } from '../bays/bays.js';
import { findForCaller, ownScope, type Caller } from '../caller.js';
import type { ResizeBody } from '../node-groups/node-group.schema.js';
import { NodeGroups } from '../node-groups/node-groups.js';
import { inTurn } from '../quotas/in-turn.js';

export interface NodeChange {
  readonly change: 'make' | 'remove';
  readonly node: string;
  readonly role: NodeRole;
  readonly nodeGroup: string;
  readonly reason: string;
}

export type WishToPreview =
  { readonly action: 'delete' | 'retry' } | { readonly action: 'resize'; readonly resize: ResizeBody };

/** Milliseconds; of no consequence in the moment in which a wish is made. */
const LONG = 86_400_000;
const LIMITS = {
  ...{ nodeBootTimeoutMs: LONG, nodeLostTimeoutMs: LONG, defaultCreateTimeoutMs: LONG },
  ...{ maximumReplacements: 1, replacementBackoffMs: LONG },
};

const REASONS: Readonly<Record<RemovalReason, string>> = {
  'scale-down': 'The group is to have fewer nodes: those that are not well go first, then the newest.',
  replaced: 'It failed: a fresh one takes its place.',
  'cluster-lost': 'All masters of its cluster were lost.',
  'bay-deleted': 'The bay is to go.',
};
const NAMED = 'It was named to leave.';

export class Previews {
  constructor(private readonly dependencies: BaysDependencies) {}

  /** @throws BaykeeperError as {@link Bays.create} does */
  creation(caller: Caller, wish: BayWish, rules: WishRules): Promise<readonly NodeChange[]> {
    // By a name that no other bay has it can be found again.
    const name = `preview-${randomUUID()}`;
    return this.rehearse(
      caller,
      async (stores, work) => {
        await work(stores);
        const bay = await stores.bays.find(ownScope(caller), name);
        return this.changesOf(stores, { ...bay, name: wish.name }, []);
      },
      (database) => new Bays({ ...this.dependencies, database }).create(caller, { ...wish, name }, rules),
    );
  }

  /** @throws BaykeeperError as the wish itself would */
  async change(caller: Caller, ident: string, wish: WishToPreview): Promise<readonly NodeChange[]> {
    const { bays } = this.dependencies.database.stores;
    const { id } = await findForCaller(caller, (scope) => bays.find(scope, ident));
    return this.rehearse(
      caller,
      async (stores, work) => {
        const before = await stores.nodes.listByBay(SYSTEM, id);
        await work(stores);
        const bay = await stores.bays.get(id);
        return bay === null ? [] : this.changesOf(stores, bay, before);
      },
      (database) => make(wish, caller, id, { ...this.dependencies, database }),
    );
  }

  /**
   * @param look what is done in the transaction that the wish opens, and then taken back
   * @returns nothing where the wish opens none: it was made before
   */
  private async rehearse(
    caller: Caller,
    look: (stores: Stores, work: (stores: Stores) => Promise<unknown>) => Promise<readonly NodeChange[]>,
    wish: (database: Database) => Promise<unknown>,
  ): Promise<readonly NodeChange[]> {
    const { database } = this.dependencies;
    let found: readonly NodeChange[] = [];
    const rehearsal = Object.create(database, {
      transaction: {
        value: (work: (stores: Stores) => Promise<unknown>) =>
          // Among those who really wish: nobody holds a connection while waiting for the project's turn.
          inTurn(database, caller.projectId, () =>
            database.transaction(async (stores) => {
              found = await look(stores, work);
              throw new TakenBack();
            }),
          ),
      },
    }) as Database;
    try {
      await wish(rehearsal);
    } catch (error) {
      if (!(error instanceof TakenBack)) throw error;
    }
    return found;
  }

  /** @param before the nodes as they were before the wish */
  private async changesOf(stores: Stores, bay: Bay, before: readonly Node[]): Promise<readonly NodeChange[]> {
    const scope = { projectId: bay.projectId };
    const groups = await stores.nodeGroups.listByBay(scope, bay.id);
    const nodes = await stores.nodes.listByBay(scope, bay.id);
    const known = nodes.flatMap(({ name, engineState }) =>
      engineState === null ? [] : [[name, engineState] as const],
    );
    const now = bay.generationAt;
    const facts: PlanFacts = {
      ...{ now, bay, groups, nodes, loadBalancer: null, members: new Map(), listeners: [], limits: LIMITS },
      observed: { machines: 'unknown', machinesAskedAt: now, engine: new Map(known) },
      toleratedMasterLosses: (masters) => this.dependencies.engines.engine(bay.engine).toleratedMasterLosses(masters),
    };
    const { records } = planBay(withRoster(facts));
    const groupNames = new Map(groups.map((group) => [group.id, group]));
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const leaving = new Set(before.filter((node) => node.removalRequestedAt === null).map(({ id }) => id));
    const named = nodes
      .filter((node) => node.removalRequestedAt !== null && leaving.has(node.id))
      .map((node) => removalOf(node, groupNames.get(node.nodeGroupId)?.name ?? '', NAMED));
    const planned = records.flatMap((record): readonly NodeChange[] => {
      if (record.kind === 'add-node') {
        const group = groupNames.get(record.groupId);
        if (group === undefined) return [];
        const reason = `The group is to have ${String(group.nodeCount)} node${group.nodeCount === 1 ? '' : 's'}.`;
        return [{ change: 'make', node: record.name, role: group.role, nodeGroup: group.name, reason }];
      }
      const node = record.kind === 'request-removal' ? byId.get(record.nodeId) : undefined;
      if (record.kind !== 'request-removal' || node === undefined) return [];
      return [removalOf(node, groupNames.get(node.nodeGroupId)?.name ?? '', REASONS[record.reason])];
    });
    return [...named, ...planned];
  }
}

/** Ends a transaction as if nothing had been. */
class TakenBack extends Error {}

function removalOf({ name, role }: Node, nodeGroup: string, reason: string): NodeChange {
  return { change: 'remove', node: name, role, nodeGroup, reason };
}

function make(wish: WishToPreview, caller: Caller, id: BayId, dependencies: BaysDependencies): Promise<unknown> {
  if (wish.action === 'resize') return new NodeGroups(dependencies).resize(caller, id, wish.resize, true);
  const bays = new Bays(dependencies);
  return wish.action === 'delete' ? bays.remove(caller, id) : bays.retry(caller, id);
}
