import { BaykeeperError, type NodeGroup, type ProjectId } from '@baykeeper/domain';
import { QUOTA_RESOURCES, type QuotaResource, type Stores, type Usage } from '@baykeeper/storage';

/** What holds for projects without a quota of their own. */
export type DefaultQuotas = Usage;

const WORDS: Readonly<Record<QuotaResource, string>> = {
  Cluster: 'clusters',
  Node: 'worker nodes',
  Master: 'masters',
  ClusterTemplate: 'cluster templates',
};

/**
 * Refuses what would go beyond the project's quotas. Whatever is written in the same transaction afterwards fits: requests
 * of one project that come at once are counted one after the other. What shrinks is never refused, also above a quota that
 * was lowered since.
 * @param stores of the transaction that writes the change
 * @param change how many more there will be of each; less is a negative number
 * @throws BaykeeperError `forbidden` with the quota, what is in use and what was asked for
 */
export async function checkQuota(
  stores: Pick<Stores, 'quotas'>,
  defaults: DefaultQuotas,
  projectId: ProjectId,
  change: Partial<Usage>,
): Promise<void> {
  if (QUOTA_RESOURCES.every((resource) => (change[resource] ?? 0) <= 0)) return;
  await stores.quotas.takeTurn(projectId);
  const { inUse, limits } = await stores.quotas.usage(projectId);
  for (const resource of QUOTA_RESOURCES) {
    const asked = change[resource] ?? 0;
    const limit = limits[resource] ?? defaults[resource];
    if (asked <= 0 || inUse[resource] + asked <= limit) continue;
    const used = String(inUse[resource]);
    throw new BaykeeperError({
      code: 'forbidden',
      publicMessage: `Resource limit for ${WORDS[resource]} exceeded: ${String(asked)} more asked for, ${used} of ${String(limit)} in use: delete some, or ask an administrator for a higher quota.`,
    });
  }
}

/**
 * The same for a group that is to have another number of nodes. What it has is read when it is the request's turn: what was
 * read before may be another request's past.
 * @returns how many nodes the group had
 */
export async function checkResize(
  stores: Pick<Stores, 'quotas' | 'nodeGroups'>,
  defaults: DefaultQuotas,
  group: Pick<NodeGroup, 'id' | 'bayId' | 'projectId' | 'role' | 'nodeCount'>,
  nodeCount: number,
): Promise<number> {
  const { projectId, bayId } = group;
  await stores.quotas.takeTurn(projectId);
  const groups = await stores.nodeGroups.listByBay({ projectId }, bayId);
  const before = groups.find(({ id }) => id === group.id)?.nodeCount ?? group.nodeCount;
  const more = nodeCount - before;
  await checkQuota(stores, defaults, projectId, group.role === 'master' ? { Master: more } : { Node: more });
  return before;
}
