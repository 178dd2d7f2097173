import type { Bay, BayId, Labels, NodeGroup, NodeRole } from '@baykeeper/domain';
import type { Page } from '../page.js';
import type { Scope } from '../scope.js';

/** What is shown of a bay's node groups beside the bay. */
export type GroupSummary = Pick<NodeGroup, 'id' | 'name' | 'role' | 'isDefault' | 'nodeCount'>;

/** A bay with its node groups, in order of insertion. */
export interface BaySummary {
  readonly bay: Bay;
  readonly groups: readonly GroupSummary[];
}

/** All that a bay's full body shows. */
export interface BayOverview extends BaySummary {
  /** IPv4 addresses of the nodes that stay, by role, in order of insertion. */
  readonly addresses: Readonly<Record<NodeRole, readonly string[]>>;
  /** The present labels of its baymodel. */
  readonly parentLabels: Labels;
}

export interface BayVersion {
  readonly id: BayId;
  /** Another one whenever anything of the bay's {@link BaySummary} may have changed, or {@link BayOverview} where said. */
  readonly version: string;
}

/** Bays as they are read most often: each call is one short statement that the database keeps prepared. */
export interface BayViewStore {
  /**
   * The bay's id, with a version of its overview. Those that are asked for at the same time are read together.
   * @param ident uuid or name
   * @throws BaykeeperError `not-found`; `conflict` when several have the name.
   */
  find(scope: Scope, ident: string): Promise<BayVersion>;
  /** @throws BaykeeperError `invalid-input` for an unknown sort key; `not-found` for a marker that can't be seen. */
  page(scope: Scope, page: Page): Promise<readonly BayVersion[]>;
  /** In any order; those that are gone or can't be seen are left out. */
  summaries(scope: Scope, ids: readonly BayId[]): Promise<readonly BaySummary[]>;
  /** The versions of their overviews; in any order; those that are gone or can't be seen are left out. */
  versions(scope: Scope, ids: readonly BayId[]): Promise<readonly BayVersion[]>;
  /** In any order, without those that are gone or can't be seen. */
  overviews(scope: Scope, ids: readonly BayId[]): Promise<readonly BayOverview[]>;
}
