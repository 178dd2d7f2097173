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
  /** Another one whenever anything of the bay's {@link BaySummary} may have changed. */
  readonly version: string;
}

/** Bays as they are read most often: each call is one short statement that the database keeps prepared. */
export interface BayViewStore {
  /**
   * @param ident uuid or name
   * @throws BaykeeperError `not-found`; `conflict` when several have the name.
   */
  find(scope: Scope, ident: string): Promise<BayOverview>;
  /** @throws BaykeeperError `invalid-input` for an unknown sort key; `not-found` for a marker that can't be seen. */
  page(scope: Scope, page: Page): Promise<readonly BayVersion[]>;
  /** In any order; those that are gone or can't be seen are left out. */
  summaries(scope: Scope, ids: readonly BayId[]): Promise<readonly BaySummary[]>;
  /** The same with everything. */
  overviews(scope: Scope, ids: readonly BayId[]): Promise<readonly BayOverview[]>;
}
