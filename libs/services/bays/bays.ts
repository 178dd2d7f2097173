/**
 * The rules of bays: what may be wished, in which order it is checked, and that a wish and its event are one write
 * (storage adds the outbox row). Only what is wanted is written here; what is belongs to the reconciler.
 */
import { BaykeeperError, type Bay, type BayId, type Baymodel, type NodeGroup, type NodeRole } from '@baykeeper/domain';
import type { Signals } from '@baykeeper/queue';
import type { BayOverview, BaySummary, BayVersion, Database, Page, Stores } from '@baykeeper/storage';
import { findVisibleBaymodel } from '../baymodels/baymodels.js';
import { findForCaller, isAdministrator, ownScope, visibleScope, type Caller } from '../caller.js';
import { refuseProblems, type Catalogue, type Engines } from '../catalogue/catalogue.js';
import { pinToCatalogue } from './pin-to-catalogue.js';
import { checkQuota, checkResize, type DefaultQuotas } from '../quotas/check-quota.js';
import { inTurn } from '../quotas/in-turn.js';
import { parsePatch } from '../validation/json-patch.js';
import { invalidInput, showName } from '../validation/refuse.js';
import { readBayPatch } from './bay-patch.js';
import type { BayWish } from './bay.schema.js';
import { recordWish, wakeReconciler } from './record-wish.js';
import { checkRoom, type Capacity } from './check-room.js';
import { newBay, type BayRows } from './new-bay.js';
import { refuseGone } from './refuse-gone.js';

export interface BaysDependencies {
  readonly database: Database;
  readonly engines: Engines;
  readonly catalogue: Catalogue;
  readonly quotas: DefaultQuotas;
  readonly signals: Pick<Signals, 'publish'>;
  /** How many machines there is room for; null when nobody knows. */
  readonly capacity: Capacity;
}

/** What the version a client speaks decides (Magnum's microversions). */
export interface WishRules {
  /** How an unknown baymodel is answered. */
  readonly unknownBaymodel: 'invalid-input' | 'not-found';
  /** Whether a bay may have no workers. */
  readonly allowsNoWorkers: boolean;
}

/** A bay with its node groups. */
export interface BayView {
  readonly bay: Bay;
  readonly groups: readonly NodeGroup[];
}

export class Bays {
  constructor(private readonly dependencies: BaysDependencies) {}

  /**
   * Writes the wish for a new bay and wakes the reconciler.
   * @throws BaykeeperError `invalid-input`, `not-found` or `conflict` (the baymodel, the keypair, what the catalogue has),
   *   `forbidden` (a hidden baymodel).
   */
  async create(caller: Caller, wish: BayWish, rules: WishRules): Promise<BayId> {
    refuseNoWorkers(wish.nodeCount, rules);
    const id = await inTurn(this.dependencies.database, caller.projectId, async () => {
      const baymodel = await this.baymodelFor(caller, wish.baymodel, rules);
      if (baymodel.hidden && !isAdministrator(caller)) throw hiddenBaymodel();
      const rows = newBay(wish, baymodel, caller);
      await this.dependencies.catalogue.entries.retried(() => this.insert(caller, baymodel, rows));
      return rows.bay.id;
    });
    wakeReconciler(this.dependencies.signals, id);
    return id;
  }

  private async insert(caller: Caller, baymodel: Baymodel, rows: BayRows): Promise<void> {
    const { entries } = this.dependencies.catalogue;
    const { bay, groups } = await pinToCatalogue(entries, this.stores, caller, baymodel, rows);
    this.checkCounts(bay, groups);
    await checkRoom(this.dependencies.capacity, countAll(groups));
    await this.dependencies.database.transaction(async (stores) => {
      await checkQuota(stores, this.dependencies.quotas, caller.projectId, {
        Cluster: 1,
        Node: countOf(groups, 'worker'),
        Master: countOf(groups, 'master'),
      });
      await stores.bays.insert(ownScope(caller), bay, groups);
      await recordWish(stores, caller, bay, {
        action: 'cluster:create',
        kind: 'bay-requested',
        message: `Bay ${bay.name} was requested with ${countsText(groups)}.`,
      });
    });
  }

  /** The bays on a page, each with a version that changes with what lists show of it. */
  page(caller: Caller, page: Page): Promise<readonly BayVersion[]> {
    return this.stores.bayViews.page(visibleScope(caller), page);
  }

  /** In any order; those that are gone are left out. */
  summaries(caller: Caller, ids: readonly BayId[]): Promise<readonly BaySummary[]> {
    return this.stores.bayViews.summaries(visibleScope(caller), ids);
  }

  /** The versions of all that full bodies show, in the order of `ids`; those that are gone are left out. */
  async versions(caller: Caller, ids: readonly BayId[]): Promise<readonly BayVersion[]> {
    const found = await this.stores.bayViews.versions(visibleScope(caller), ids);
    const byId = new Map(found.map((version) => [version.id, version]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  /** With all that a full body shows, in any order; those that are gone are left out. */
  overviews(caller: Caller, ids: readonly BayId[]): Promise<readonly BayOverview[]> {
    return this.stores.bayViews.overviews(visibleScope(caller), ids);
  }

  /**
   * The bay's id, with a version of all that its full body shows.
   * @throws BaykeeperError `not-found` (also for another project's bay), `conflict` when several have the name.
   */
  version(caller: Caller, ident: string): Promise<BayVersion> {
    return findForCaller(caller, (scope) => this.stores.bayViews.find(scope, ident));
  }

  /** @throws BaykeeperError `not-found` (also for another project's bay), `conflict` when several have the name. */
  async find(caller: Caller, ident: string): Promise<Bay> {
    return findForCaller(caller, (scope) => this.stores.bays.find(scope, ident));
  }

  /** The same in the caller's own project only, for an administrator too: nobody signs for another project's bay. */
  async findOwn(caller: Caller, ident: string): Promise<Bay> {
    return this.stores.bays.find(ownScope(caller), ident);
  }

  async show(caller: Caller, ident: string): Promise<BayView> {
    const bay = await this.find(caller, ident);
    const groups = await this.stores.nodeGroups.listByBay({ projectId: bay.projectId }, bay.id);
    refuseGone(bay, groups);
    return { bay, groups };
  }

  /** @param body a JSON patch, not looked at yet: its form is checked before the lookup (Magnum) */
  async update(caller: Caller, ident: string, body: unknown, rules: WishRules): Promise<BayId> {
    const operations = parsePatch(body);
    const { bay, groups } = await this.show(caller, ident);
    const workers = defaultGroup(groups, 'worker');
    const nodeCount = readBayPatch(operations, bay, workers.nodeCount, countOf(groups, 'master'));
    if (nodeCount === workers.nodeCount && operations.every(({ path }) => path[0] !== 'node_count')) return bay.id;
    refuseNoWorkers(nodeCount, rules);
    refuseWhileDeleting(bay);
    const wanted = groups.map((group) => (group.id === workers.id ? { ...group, nodeCount } : group));
    this.checkCounts(bay, wanted);
    if (nodeCount > workers.nodeCount) await checkRoom(this.dependencies.capacity, countAll(wanted));

    const scope = { projectId: bay.projectId };
    const { database } = this.dependencies;
    const resize = async (stores: Stores): Promise<void> => {
      const before = await checkResize(stores, this.dependencies.quotas, workers, nodeCount);
      if (before === nodeCount) return;
      await stores.bays.changeWish(scope, bay.id, { nodeCounts: [{ nodeGroupId: workers.id, nodeCount }] });
      await recordWish(stores, caller, bay, {
        action: 'cluster:update',
        kind: 'bay-scaled',
        message: `The number of workers wanted went from ${before} to ${nodeCount}.`,
      });
    };
    await inTurn(database, bay.projectId, () => database.transaction(resize));
    wakeReconciler(this.dependencies.signals, bay.id);
    return bay.id;
  }

  /** Asks for the bay's removal; asking again changes nothing. */
  async remove(caller: Caller, ident: string): Promise<void> {
    const bay = await this.find(caller, ident);
    if (bay.deletionRequestedAt !== null) return;
    await this.dependencies.database.transaction(async (stores) => {
      await stores.bays.requestDeletion({ projectId: bay.projectId }, bay.id);
      await recordWish(stores, caller, bay, {
        action: 'cluster:delete',
        kind: 'bay-deletion-requested',
        message: `Bay ${bay.name} is to be deleted.`,
      });
    });
    wakeReconciler(this.dependencies.signals, bay.id);
  }

  /** Makes the same wish anew, with a fresh deadline; a deletion that failed is tried again too. */
  async retry(caller: Caller, ident: string): Promise<BayId> {
    const bay = await this.find(caller, ident);
    const scope = { projectId: bay.projectId };
    await this.dependencies.database.transaction(async (stores) => {
      if (bay.deletionRequestedAt === null) await stores.bays.changeWish(scope, bay.id, {});
      else await stores.bays.requestDeletion(scope, bay.id);
      await recordWish(stores, caller, bay, {
        action: 'cluster:retry',
        kind: 'bay-retry-requested',
        message: `Bay ${bay.name} is tried again.`,
      });
    });
    wakeReconciler(this.dependencies.signals, bay.id);
    return bay.id;
  }

  private get stores(): Stores {
    return this.dependencies.database.stores;
  }

  private async baymodelFor(caller: Caller, ident: string, rules: WishRules): Promise<Baymodel> {
    try {
      return await findVisibleBaymodel(this.stores, caller, ident);
    } catch (error) {
      if (!(error instanceof BaykeeperError) || error.code !== 'not-found') throw error;
      throw new BaykeeperError({
        code: rules.unknownBaymodel,
        publicMessage: `ClusterTemplate ${showName(ident)} could not be found: check the name, or list what there is.`,
      });
    }
  }

  private checkCounts(
    bay: Pick<Bay, 'engine' | 'masterLbEnabled' | 'networkDriver' | 'labels'>,
    groups: readonly CountedGroup[],
  ): void {
    const problems = this.dependencies.engines.engine(bay.engine).checkBay({
      masterCount: countOf(groups, 'master'),
      nodeCount: countOf(groups, 'worker'),
      masterLbEnabled: bay.masterLbEnabled,
      ...{ networkDriver: bay.networkDriver, labels: bay.labels },
      machineSubnets: this.dependencies.catalogue.machineSubnets,
    });
    refuseProblems(problems);
  }
}

type CountedGroup = Pick<NodeGroup, 'role' | 'nodeCount'>;

/** Nodes wanted in all groups of a role. */
export function countOf(groups: readonly CountedGroup[], role: NodeRole): number {
  return groups.reduce((sum, group) => (group.role === role ? sum + group.nodeCount : sum), 0);
}

function countAll(groups: readonly CountedGroup[]): number {
  return countOf(groups, 'master') + countOf(groups, 'worker');
}

function defaultGroup(groups: readonly NodeGroup[], role: NodeRole): NodeGroup {
  const group = groups.find((candidate) => candidate.isDefault && candidate.role === role);
  if (group === undefined) {
    throw new BaykeeperError({
      code: 'internal',
      publicMessage: 'The bay could not be read. Tell the operator.',
      detail: `no default ${role} group`,
    });
  }
  return group;
}

function countsText(groups: readonly CountedGroup[]): string {
  const text = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  return `${text(countOf(groups, 'master'), 'master')} and ${text(countOf(groups, 'worker'), 'worker')}`;
}

/** Also its own project makes nothing of it any more (Magnum). */
function hiddenBaymodel(): BaykeeperError {
  return new BaykeeperError({
    code: 'forbidden',
    publicMessage: "Policy doesn't allow cluster:create to be performed with a hidden template: choose another one.",
  });
}

function refuseNoWorkers(nodeCount: number, rules: WishRules): void {
  if (nodeCount > 0 || rules.allowsNoWorkers) return;
  // The first full stop ends what clients show, and versions have one.
  throw invalidInput('This API version takes no node_count of 0: send OpenStack-API-Version with 1.10 or later.');
}

function refuseWhileDeleting(bay: Bay): void {
  if (bay.deletionRequestedAt === null) return;
  throw invalidInput(`Cluster ${bay.id} is being deleted: make a new one instead.`);
}
