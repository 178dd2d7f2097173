import type { Bay, BayId, Labels, NodeRole } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { BayOverview, BaySummary, BayVersion, BayViewStore, GroupSummary } from '../contracts/bay-views.js';
import { BayEntity } from '../entities/bay.entity.js';
import type { Page } from '../page.js';
import type { Scope } from '../scope.js';
import { BAY_SORT_KEYS } from './bay-columns.js';
import { gatherById, type FindById } from './gather-by-id.js';
import { columnsOf, selectPrepared } from './prepared.js';
import { ambiguous, identKind, notFound, printable, projectOf } from './scoping.js';
import { selectPage } from './select-page.js';

interface SummaryRow {
  readonly groups: readonly GroupSummary[];
}
interface OverviewRow extends SummaryRow {
  readonly addresses: readonly (readonly [NodeRole, string])[];
  readonly parentLabels: Labels;
}

const GROUPS = `(SELECT coalesce(json_agg(json_build_object('id', node_groups.id, 'name', node_groups.name,
    'role', node_groups.role, 'isDefault', node_groups.is_default, 'nodeCount', node_groups.node_count)
    ORDER BY node_groups.sequence), '[]') FROM node_groups WHERE node_groups.bay_id = bays.id) AS groups`;
const ADDRESSES = `(SELECT coalesce(json_agg(json_build_array(nodes.role, nodes.address) ORDER BY nodes.sequence), '[]')
    FROM nodes WHERE nodes.bay_id = bays.id AND nodes.address IS NOT NULL AND nodes.removal_requested_at IS NULL)
    AS addresses`;
const PARENT = '(SELECT labels FROM baymodels WHERE baymodels.id = bays.baymodel_id) AS "parentLabels"';
/**
 * Addresses and the template's labels are no part of the bay's own row. Of its nodes the youngest revision says whether any
 * was written since; it does not say so while older transactions have not ended, so then the moment and all revisions that are
 * as young count, too. (Rows that were deleted are counted in the bay's own row.)
 */
const OVERVIEW_VERSION = `concat_ws(' ', bays.xmin,
    (SELECT baymodels.xmin FROM baymodels WHERE baymodels.id = bays.baymodel_id),
    (SELECT nodes.revision FROM nodes WHERE nodes.bay_id = bays.id ORDER BY nodes.revision DESC LIMIT 1),
    (SELECT concat(moment.oldest, ':', string_agg(nodes.revision::text, ',' ORDER BY nodes.revision))
     FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest) AS moment
     JOIN nodes ON nodes.bay_id = bays.id AND nodes.revision >= moment.oldest GROUP BY moment.oldest)) AS version`;
const IN_SCOPE = '($2::text IS NULL OR bays.project_id = $2)';

export class PostgresBayViewStore implements BayViewStore {
  private readonly columns: string;
  private readonly findById: FindById<BayVersion>;

  constructor(private readonly manager: EntityManager) {
    this.columns = columnsOf(manager, BayEntity, 'bays');
    this.findById = gatherById(manager, 'bays', `bays.id, ${OVERVIEW_VERSION}`);
  }

  async find(scope: Scope, ident: string): Promise<BayVersion> {
    const kind = identKind('Cluster', ident);
    if (kind === 'id') {
      const found = await this.findById(scope, ident);
      if (found === null) throw notFound('Cluster', printable(ident));
      return found;
    }
    const text = `SELECT bays.id, ${OVERVIEW_VERSION} FROM bays WHERE bays.name = $1 AND ${IN_SCOPE} LIMIT 2`;
    const rows = await selectPrepared<BayVersion>(this.manager, 'bay-by-name', text, [ident, projectOf(scope)]);
    if (rows.length > 1) throw ambiguous(ident);
    const [row] = rows;
    if (row === undefined) throw notFound('Cluster', printable(ident));
    return row;
  }

  page(scope: Scope, page: Page): Promise<readonly BayVersion[]> {
    // Every wish and every change of what was found writes the bay's row, so its transaction is a version.
    return selectPage<BayVersion, BayEntity>(this.manager, {
      entity: BayEntity,
      columns: 'bays.id, bays.xmin::text AS version',
      sortKeys: BAY_SORT_KEYS,
      scope,
      page,
    });
  }

  async summaries(scope: Scope, ids: readonly BayId[]): Promise<readonly BaySummary[]> {
    if (ids.length === 0) return [];
    const text = `SELECT ${this.columns}, ${GROUPS} FROM bays WHERE bays.id = ANY($1::uuid[]) AND ${IN_SCOPE}`;
    const rows = await this.select<SummaryRow>('bay-summaries', text, [ids, projectOf(scope)]);
    return rows.map(({ groups, ...bay }) => ({ bay, groups }));
  }

  async versions(scope: Scope, ids: readonly BayId[]): Promise<readonly BayVersion[]> {
    if (ids.length === 0) return [];
    const text = `SELECT bays.id, ${OVERVIEW_VERSION} FROM bays WHERE bays.id = ANY($1::uuid[]) AND ${IN_SCOPE}`;
    return selectPrepared<BayVersion>(this.manager, 'bay-versions', text, [ids, projectOf(scope)]);
  }

  async overviews(scope: Scope, ids: readonly BayId[]): Promise<readonly BayOverview[]> {
    if (ids.length === 0) return [];
    const text = `SELECT ${this.columns}, ${GROUPS}, ${ADDRESSES}, ${PARENT} FROM bays
       WHERE bays.id = ANY($1::uuid[]) AND ${IN_SCOPE}`;
    return (await this.select<OverviewRow>('bay-overviews', text, [ids, projectOf(scope)])).map(overviewOf);
  }

  private select<Row>(name: string, text: string, values: readonly unknown[]): Promise<readonly (Bay & Row)[]> {
    return selectPrepared<Bay & Row>(this.manager, name, text, values);
  }
}

function overviewOf({ groups, addresses, parentLabels, ...bay }: Bay & OverviewRow): BayOverview {
  const byRole: Record<NodeRole, string[]> = { master: [], worker: [] };
  for (const [role, address] of addresses) byRole[role].push(address);
  return { bay, groups, parentLabels, addresses: byRole };
}
