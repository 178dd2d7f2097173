/**
 * The quota of templates. They are made in far larger numbers than bays, so not every one is counted in a turn of its
 * project: a process counts how much room is left, and takes a small share of that without asking again. Near the limit each is
 * counted, one after the other, in the transaction that writes it.
 */
import type { ProjectId } from '@baykeeper/domain';
import type { Database, Stores } from '@baykeeper/storage';
import { checkQuota, type DefaultQuotas } from './check-quota.js';
import { inTurn } from './in-turn.js';

/**
 * What a process may take at once: two shares may be under way, so eight API processes take no more together than what was
 * left when they counted.
 */
const SHARES = 16;
/** Milliseconds for which a share may be used: a quota that is lowered, and what others make, counts soon. */
const SHARE_LIVES = 1_000;
/** Projects whose share a process remembers. */
const MOST_KEPT = 1_000;

interface Share {
  left: number;
  readonly until: number;
}

export interface RoomForTemplates {
  /**
   * Writes one more template, if there is room.
   * @throws BaykeeperError `forbidden` at the limit
   */
  insert<T>(projectId: ProjectId, write: (stores: Stores) => Promise<T>): Promise<T>;
}

export function openRoomForTemplates(
  database: Pick<Database, 'stores' | 'transaction'>,
  defaults: DefaultQuotas,
  now: () => number = () => performance.now(),
): RoomForTemplates {
  const shares = new Map<ProjectId, Promise<Share>>();

  async function count(projectId: ProjectId): Promise<Share> {
    const { inUse, limits } = await database.stores.quotas.usage(projectId);
    const room = (limits.ClusterTemplate ?? defaults.ClusterTemplate) - inUse.ClusterTemplate;
    return { left: Math.floor(room / SHARES), until: now() + SHARE_LIVES };
  }

  async function takeOf(counting: Promise<Share> | undefined): Promise<boolean> {
    const share = await counting;
    if (share === undefined || share.left <= 0 || now() >= share.until) return false;
    share.left -= 1;
    return true;
  }

  /** @returns whether the template needs no further look */
  async function takeOfShare(projectId: ProjectId): Promise<boolean> {
    const known = shares.get(projectId);
    if (await takeOf(known)) return true;
    // Whoever comes while it is counted takes of the same share.
    if (shares.get(projectId) === known) {
      if (shares.size >= MOST_KEPT) shares.clear();
      const counting = count(projectId);
      shares.set(projectId, counting);
      counting.catch(() => shares.delete(projectId));
    }
    return takeOf(shares.get(projectId));
  }

  return {
    async insert(projectId, write) {
      if (await takeOfShare(projectId)) return write(database.stores);
      return inTurn(database, projectId, () =>
        database.transaction(async (stores) => {
          await checkQuota(stores, defaults, projectId, { ClusterTemplate: 1 });
          return write(stores);
        }),
      );
    },
  };
}
