/** The rules of node groups: which there are, how large each is, and which of its nodes go first. */
import { randomUUID } from 'node:crypto';
import { BaykeeperError, type Bay, type BayId, nodeNameOf, type NodeGroupId, type NodeId } from '@baykeeper/domain';
import type { Signals } from '@baykeeper/queue';
import type { Database, NewNodeGroup, NodeGroupView, Stores } from '@baykeeper/storage';
import { recordRefusal } from '../audit/record-audit.js';
import { findVisibleBaymodel } from '../baymodels/baymodels.js';
import { checkRoom, type Capacity } from '../bays/check-room.js';
import { inheritLabels } from '../bays/labels.js';
import { recordWish, wakeReconciler } from '../bays/record-wish.js';
import { refuseGone } from '../bays/refuse-gone.js';
import { findForCaller, ownScope, type Caller } from '../caller.js';
import type { Catalogue, Engines } from '../catalogue/catalogue.js';
import { findEntries } from '../catalogue/check-references.js';
import { checkQuota, checkResize, type DefaultQuotas } from '../quotas/check-quota.js';
import { inTurn } from '../quotas/in-turn.js';
import { invalidInput, showName } from '../validation/refuse.js';
import { findForbiddenLabel, readTaints } from './node-group.schema.js';
import type { NodeGroupBody, ResizeBody, UpgradeBody } from './node-group.schema.js';
import { readNodeGroupPatch } from './node-group-patch.js';

export interface NodeGroupsDependencies {
  readonly database: Database;
  readonly engines: Engines;
  readonly catalogue: Catalogue;
  readonly quotas: DefaultQuotas;
  readonly capacity: Capacity;
  readonly signals: Pick<Signals, 'publish'>;
}

/** A bay with its groups. */
export interface BayGroups {
  readonly bay: Bay;
  readonly views: readonly NodeGroupView[];
}

/** Magnum takes an ident of digits alone for the group's number. */
const NUMBER = /^\d{1,15}$/;
/** Of one bay: all of them are read whenever one is asked for. */
const MOST_GROUPS = 100;

export class NodeGroups {
  constructor(private readonly dependencies: NodeGroupsDependencies) {}

  /** @throws BaykeeperError `not-found`, `conflict` (the bay) */
  async list(caller: Caller, ident: string): Promise<BayGroups> {
    const bay = await findForCaller(caller, (scope) => this.stores.bays.find(scope, ident));
    const views = await this.stores.nodeGroups.views({ projectId: bay.projectId }, bay.id);
    refuseGone(bay, views);
    return { bay, views };
  }

  /** @throws BaykeeperError `not-found` also for an unknown group */
  async show(caller: Caller, ident: string, group: string): Promise<{ bay: Bay; view: NodeGroupView }> {
    const { bay, views } = await this.list(caller, ident);
    return { bay, view: findGroup(views, group) };
  }

  /** In the own project only. @throws BaykeeperError `invalid-input`, `not-found`, `conflict`, `forbidden` (quota) */
  async create(caller: Caller, ident: string, body: NodeGroupBody): Promise<{ bay: Bay; view: NodeGroupView }> {
    const { bay, views } = await this.own(caller, ident);
    refuseWhileDeleting(bay);
    if (bay.apiAddress === null) throw conflict(`Cluster ${bay.id} has no api_address yet: wait until it can be used.`);
    if (views.length >= MOST_GROUPS)
      throw invalidInput(
        `Cluster ${bay.id} has ${String(MOST_GROUPS)} nodegroups and takes no more: delete one first.`,
      );
    if (views.some(({ group }) => group.name === body.name))
      throw conflict(`Cluster ${bay.id} already has a nodegroup ${showName(body.name)}: choose another name.`);
    const nodeName = nodeNameOf(bay, { name: body.name, role: 'worker', isDefault: false }, 0);
    if (views.some(({ group }) => nodeNameOf(bay, group, 0) === nodeName))
      throw conflict(
        `Nodes of ${showName(body.name)} would have the names of another nodegroup's: choose a name that differs in its first 20 letters and digits.`,
      );
    if (body.role === 'master') throw invalidInput('Creating master nodegroups is currently not supported.');
    const id = randomUUID() as NodeGroupId;
    await this.dependencies.catalogue.entries.retried(async () => {
      const group = await this.newGroup(caller, bay, id, body);
      this.check(bay, views, group);
      await checkRoom(this.dependencies.capacity, countNodes(views) + group.nodeCount);
      const { database } = this.dependencies;
      const insert = async (stores: Stores): Promise<void> => {
        await checkQuota(stores, this.dependencies.quotas, bay.projectId, { Node: group.nodeCount });
        await stores.nodeGroups.insert(ownScope(caller), group);
        await recordWish(stores, caller, bay, {
          ...{ action: 'nodegroup:create', kind: 'group-requested' },
          message: `Node group ${group.name} was requested with ${String(group.nodeCount)} nodes.`,
        });
      };
      await inTurn(database, bay.projectId, () => database.transaction(insert));
    });
    wakeReconciler(this.dependencies.signals, bay.id);
    return this.show(caller, bay.id, id);
  }

  /** @param body a JSON patch, not looked at yet */
  async update(
    caller: Caller,
    ident: string,
    group: string,
    body: unknown,
  ): Promise<{ bay: Bay; view: NodeGroupView }> {
    const read = readNodeGroupPatch(body);
    const { bay, views } = await this.own(caller, ident);
    const view = findGroup(views, group);
    const change = read(bay, view.group);
    this.check(bay, views, { ...view.group, ...change });
    if (Object.keys(change).length === 0) return { bay, view };
    await this.dependencies.database.transaction(async (stores) => {
      await stores.nodeGroups.update(ownScope(caller), view.group.id, change);
      await recordWish(stores, caller, bay, {
        ...{ action: 'nodegroup:update', kind: 'group-changed' },
        message: `Node group ${view.group.name} was changed: ${Object.keys(change).join(', ')}.`,
      });
    });
    return this.show(caller, bay.id, view.group.id);
  }

  /** Its nodes leave one by one as in a scale down, then it is gone. Asked for again, nothing changes. */
  async remove(caller: Caller, ident: string, group: string): Promise<void> {
    const { bay, views } = await this.own(caller, ident);
    const view = findGroup(views, group);
    if (view.group.isDefault)
      throw invalidInput('Deleting a default nodegroup is not supported: delete the cluster instead.');
    if (view.group.deletionRequestedAt !== null || bay.deletionRequestedAt !== null) return;
    await this.dependencies.database.transaction(async (stores) => {
      await stores.nodeGroups.requestDeletion(ownScope(caller), view.group.id);
      await recordWish(stores, caller, bay, {
        ...{ action: 'nodegroup:delete', kind: 'group-deletion-requested' },
        message: `Node group ${view.group.name} is to be deleted.`,
      });
    });
    wakeReconciler(this.dependencies.signals, bay.id);
  }

  /**
   * @param allowsNoNodes whether the version a client speaks knows an empty group
   * @throws BaykeeperError `invalid-input` also for an unknown node
   */
  async resize(caller: Caller, ident: string, body: ResizeBody, allowsNoNodes: boolean): Promise<BayId> {
    const { bay, views } = await this.own(caller, ident);
    refuseWhileDeleting(bay);
    if (body.node_count === 0 && !allowsNoNodes)
      throw invalidInput('This API version takes no node_count of 0: send OpenStack-API-Version with 1.10 or later.');
    const view = body.nodegroup === null ? defaultWorkers(views) : findGroup(views, body.nodegroup);
    const { group } = view;
    if (group.role === 'master') throw invalidInput('Resizing a master nodegroup is not supported.');
    if (group.deletionRequestedAt !== null)
      throw invalidInput(`Nodegroup ${group.name} is being deleted: make a new one instead.`);
    refuseOutside(body.node_count, group);
    this.check(bay, views, { ...group, nodeCount: body.node_count });
    const more = body.node_count - group.nodeCount;
    if (more > 0) await checkRoom(this.dependencies.capacity, countNodes(views) + more);
    const leaving = await this.nodesToRemove(bay, group.id, body.nodes_to_remove ?? []);
    const { database } = this.dependencies;
    const resize = async (stores: Stores): Promise<void> => {
      const before = await checkResize(stores, this.dependencies.quotas, group, body.node_count);
      if (before === body.node_count && leaving.length === 0) return;
      const nodeCounts = [{ nodeGroupId: group.id, nodeCount: body.node_count }];
      await stores.bays.changeWish(ownScope(caller), bay.id, { nodeCounts });
      for (const { id } of leaving)
        await stores.nodes.recordFacts(id, { removalRequestedAt: new Date(), removalReason: 'scale-down' });
      const named = leaving.length === 0 ? '' : `; ${leaving.map(({ name }) => name).join(', ')} shall leave`;
      await recordWish(stores, caller, bay, {
        ...{ action: 'cluster:resize', kind: 'bay-scaled' },
        message: `Node group ${group.name} went from ${String(before)} to ${String(body.node_count)} nodes${named}.`,
      });
    };
    await inTurn(database, bay.projectId, () => database.transaction(resize));
    wakeReconciler(this.dependencies.signals, bay.id);
    return bay.id;
  }

  /**
   * Checks an upgrade as far as it can be checked, and says that no engine of ours can do it yet.
   * @throws BaykeeperError always
   */
  async upgrade(caller: Caller, ident: string, body: UpgradeBody): Promise<never> {
    const { bay, views } = await this.list(caller, ident);
    const template = await findVisibleBaymodel(this.stores, caller, body.cluster_template);
    const { group } = body.nodegroup === null ? defaultWorkers(views) : findGroup(views, body.nodegroup);
    if (!group.isDefault && template.id !== bay.baymodelId)
      throw conflict(
        `Nodegroup ${group.name} can be upgraded to its cluster's template only: upgrade the cluster first.`,
      );
    const error = invalidInput(
      `Upgrading a ${bay.engine} cluster is not supported: make a new cluster from ${showName(template.name)} and move your work there.`,
    );
    await recordRefusal(this.stores, caller, {
      ...{
        action: 'cluster:upgrade',
        target: { kind: 'cluster', id: bay.id, name: bay.name, projectId: bay.projectId },
      },
      detail: error.publicMessage,
    });
    throw error;
  }

  private async own(caller: Caller, ident: string): Promise<BayGroups> {
    const bay = await this.stores.bays.find(ownScope(caller), ident);
    const views = await this.stores.nodeGroups.views(ownScope(caller), bay.id);
    refuseGone(bay, views);
    return { bay, views };
  }

  private async newGroup(caller: Caller, bay: Bay, id: NodeGroupId, body: NodeGroupBody): Promise<NewNodeGroup> {
    const labels = inheritLabels(bay.labels, body.labels, body.merge_labels);
    const names = { imageId: body.image_id ?? bay.imageId, flavorId: body.flavor_id ?? bay.flavorId };
    const nothingElse = { masterFlavorId: null, externalNetworkId: null, fixedNetwork: null, fixedSubnet: null };
    const found = await findEntries(this.dependencies.catalogue.entries, caller, { ...names, ...nothingElse, labels });
    return {
      ...{ id, bayId: bay.id, projectId: bay.projectId, name: body.name, role: 'worker', isDefault: false },
      roleName: body.role === null || body.role === 'worker' ? null : body.role,
      ...{ nodeCount: body.node_count, minNodeCount: body.min_node_count, ...names, labels },
      // Magnum takes 0 for no bound.
      maxNodeCount: body.max_node_count === 0 ? null : body.max_node_count,
      dockerVolumeSize: body.docker_volume_size,
      nodeLabels: body.node_labels ?? {},
      nodeTaints: readTaints(body.node_taints ?? []),
      refs: { imageRef: found.image.id, flavorRef: found.flavor?.id ?? null },
    };
  }

  /** Bounds, labels and taints, and what the engine says of the numbers. */
  private check(bay: Bay, views: readonly NodeGroupView[], group: NewNodeGroup): void {
    const { minNodeCount: min, maxNodeCount: max, nodeCount: count } = group;
    if (max !== null && max < min) throw conflict('max_node_count is less than min_node_count: give a larger one.');
    if (max !== null && count > max) throw conflict('node_count is greater than max_node_count: give a smaller one.');
    if (count < min) throw conflict('node_count is less than min_node_count: give a larger one.');
    const isMaster = group.role === 'master';
    const hasMarks = Object.keys(group.nodeLabels).length > 0 || group.nodeTaints.length > 0;
    if (isMaster && hasMarks) throw conflict('Masters take no node_labels and node_taints: leave them out.');
    const forbidden = findForbiddenLabel(group.nodeLabels);
    if (forbidden !== null)
      throw conflict(`Label ${showName(forbidden)} is reserved by Kubernetes: choose another prefix.`);
    if (group.nodeTaints.length > 0 && bay.engine !== 'kubernetes')
      throw conflict(`Nodes of ${bay.engine} take no taints: leave node_taints out.`);
    const workers = views.filter((view) => view.group.role === 'worker' && view.group.id !== group.id);
    const problems = this.dependencies.engines.engine(bay.engine).checkBay({
      masterCount: countNodes(views.filter((view) => view.group.role === 'master')),
      nodeCount: countNodes(workers) + (isMaster ? 0 : count),
      ...{ masterLbEnabled: bay.masterLbEnabled, networkDriver: bay.networkDriver, labels: bay.labels },
      machineSubnets: this.dependencies.catalogue.machineSubnets,
    });
    if (problems.length > 0) throw invalidInput(problems.join(' '));
  }

  private async nodesToRemove(
    bay: Bay,
    groupId: NodeGroupId,
    idents: readonly string[],
  ): Promise<readonly { readonly id: NodeId; readonly name: string }[]> {
    if (idents.length === 0) return [];
    const nodes = await this.stores.nodes.listByBay({ projectId: bay.projectId }, bay.id);
    const known = nodes.filter((node) => node.nodeGroupId === groupId && node.removalRequestedAt === null);
    return [...new Set(idents)].map((ident) => {
      const node = known.find(({ id, name }) => id === ident || name === ident);
      if (node === undefined)
        throw invalidInput(`Node ${showName(ident)} could not be found in the nodegroup: give its uuid or name.`);
      return node;
    });
  }

  private get stores(): Stores {
    return this.dependencies.database.stores;
  }
}

function countNodes(views: readonly NodeGroupView[]): number {
  return views.reduce((sum, { group }) => sum + group.nodeCount, 0);
}

function findGroup(views: readonly NodeGroupView[], ident: string): NodeGroupView {
  const found = views.find(({ group, number }) =>
    NUMBER.test(ident) ? String(number) === ident : group.id === ident || group.name === ident,
  );
  if (found) return found;
  throw new BaykeeperError({
    code: 'not-found',
    publicMessage: `Nodegroup ${showName(ident)} could not be found: check the name, or list what there is.`,
  });
}

function defaultWorkers(views: readonly NodeGroupView[]): NodeGroupView {
  const found = views.find(({ group }) => group.isDefault && group.role === 'worker');
  if (found) return found;
  throw new BaykeeperError({
    code: 'internal',
    publicMessage: 'The bay could not be read. Tell the operator.',
    detail: 'no default worker group',
  });
}

function refuseOutside(
  count: number,
  { name, minNodeCount, maxNodeCount }: Pick<NewNodeGroup, 'name' | 'minNodeCount' | 'maxNodeCount'>,
): void {
  if (count >= minNodeCount && (maxNodeCount === null || count <= maxNodeCount)) return;
  const bounds = `from ${String(minNodeCount)}${maxNodeCount === null ? '' : ` to ${String(maxNodeCount)}`}`;
  throw invalidInput(`Resizing ${name} outside the allowed range: give a node_count ${bounds}.`);
}

function refuseWhileDeleting(bay: Bay): void {
  if (bay.deletionRequestedAt === null) return;
  throw invalidInput(`Cluster ${bay.id} is being deleted: make a new one instead.`);
}

function conflict(publicMessage: string): BaykeeperError {
  return new BaykeeperError({ code: 'conflict', publicMessage });
}
