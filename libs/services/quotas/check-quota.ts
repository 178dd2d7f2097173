import { BaykeeperError, type ProjectId } from '@baykeeper/domain';
import { QUOTA_RESOURCES, type QuotaResource, type Stores, type Usage } from '@baykeeper/storage';

/** What holds for projects without a quota of their own. */
export type DefaultQuotas = Usage;

const WORDS: Readonly<Record<QuotaResource, string>> = { Cluster: 'clusters', Node: 'worker nodes', Master: 'masters' };

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
  const { inUse, limits } = await stores.quotas.usageAlone(projectId);
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
