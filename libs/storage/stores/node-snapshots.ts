/**
 * The nodes of large bays as this process read them last. A reading asks for the rows that were written since (by
 * transactions that had not ended then), which an index finds: of ten thousand a few change from one reading to the next.
 * Where rows were deleted since, it asks who is left. What is kept decides nothing: a row that no later transaction wrote is
 * the same row.
 */
import type { BayId, Node, NodeId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import { selectPrepared } from './prepared.js';

/** About 50 MiB. */
const MOST_NODES = 30_000;
/** Smaller bays are read at once. */
const FEWEST_NODES = 200;

interface Snapshot {
  /** The oldest transaction that had not ended when it was read: whatever was written since is as young or younger. */
  readonly horizon: string;
  /** How many rows had been deleted. */
  readonly removed: string;
  /** In order; as it was given out. */
  readonly nodes: readonly Node[];
  /** Where each stands in them. */
  readonly places: Map<NodeId, number>;
}

type Listing = Pick<Snapshot, 'nodes' | 'places'>;

/** Beside the columns of each row: of the moment, so that they are true also where there is no row. */
const MOMENT = `pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
  (SELECT nodes_removed::text FROM bays WHERE id = $1) AS removed`;

interface Moment {
  readonly horizon: string;
  /** Null: there is no such bay. */
  readonly removed: string | null;
}
type Row = Moment & (Node | { readonly id: null });

export class NodeSnapshots {
  /** The one that was read last is the last. */
  private readonly kept = new Map<BayId, Snapshot>();

  /** @param columns of a node, each with the table's name in front */
  constructor(
    private readonly manager: EntityManager,
    private readonly columns: string,
  ) {}

  async read(bayId: BayId): Promise<readonly Node[]> {
    const before = this.kept.get(bayId);
    if (before === undefined) return this.readAll(bayId);
    const condition = 'AND nodes.revision >= $2::bigint';
    const rows = await this.select(bayId, 'changed-nodes', condition, [before.horizon]);
    const [moment] = rows;
    if (moment === undefined || moment.removed === null) return this.readAll(bayId);
    const changed = rows.flatMap(nodeOf);
    const fresh = changed.filter(({ id }) => placeIn(before, id) === undefined);
    const next = changed.length === 0 ? before : withChanges(before, changed, fresh);
    const { nodes, places } = moment.removed === before.removed ? next : await this.withoutRemoved(bayId, next.nodes);
    // Whatever came and went while that was read is found by the next reading.
    return this.keep(bayId, { horizon: moment.horizon, removed: moment.removed, nodes, places });
  }

  private async withoutRemoved(bayId: BayId, nodes: readonly Node[]): Promise<Listing> {
    const rows = await selectPrepared<{ readonly ids: readonly NodeId[] }>(
      this.manager,
      'ids-of-nodes',
      'SELECT coalesce(array_agg(id), ARRAY[]::uuid[])::text[] AS ids FROM nodes WHERE bay_id = $1',
      [bayId],
    );
    const there = new Set(rows[0]?.ids);
    const left = nodes.filter(({ id }) => there.has(id));
    return { nodes: left, places: placesOf(left) };
  }

  private async readAll(bayId: BayId): Promise<readonly Node[]> {
    const rows = await this.select(bayId, 'nodes-with-horizon', '', []);
    const nodes = rows.flatMap(nodeOf);
    const { horizon = '0', removed = null } = rows[0] ?? {};
    return this.keep(bayId, { horizon, removed: removed ?? '0', nodes, places: placesOf(nodes) });
  }

  private select(bayId: BayId, name: string, condition: string, values: readonly string[]): Promise<readonly Row[]> {
    return selectPrepared<Row>(
      this.manager,
      name,
      `SELECT moment.*, ${this.columns} FROM (SELECT ${MOMENT}) AS moment
       LEFT JOIN nodes ON nodes.bay_id = $1 ${condition} ORDER BY nodes.role, nodes.sequence`,
      [bayId, ...values],
    );
  }

  private keep(bayId: BayId, snapshot: Snapshot): readonly Node[] {
    const { nodes } = snapshot;
    this.kept.delete(bayId);
    if (nodes.length >= FEWEST_NODES) this.kept.set(bayId, snapshot);
    let sum = 0;
    for (const kept of this.kept.values()) sum += kept.nodes.length;
    for (const [id, kept] of this.kept) {
      if (sum <= MOST_NODES) break;
      sum -= kept.nodes.length;
      this.kept.delete(id);
    }
    return nodes;
  }
}

function nodeOf({ horizon: _horizon, removed: _removed, ...row }: Row): readonly Node[] {
  return row.id === null ? [] : [row];
}

/** Readings of the same bay share the places, so one may know of a node that another one has not read. */
function placeIn({ nodes, places }: Listing, id: NodeId): number | undefined {
  const place = places.get(id);
  return place !== undefined && nodes[place]?.id === id ? place : undefined;
}

function withChanges({ nodes, places }: Snapshot, changed: readonly Node[], fresh: readonly Node[]): Listing {
  const next = [...nodes];
  for (const node of changed) {
    const place = placeIn({ nodes, places }, node.id);
    if (place !== undefined) next[place] = node;
  }
  if (fresh.length === 0) return { nodes: next, places };
  // Those that came last are the last of their role, and masters stand before workers.
  if (fresh.every(({ role }) => role === 'worker')) {
    for (const node of fresh) places.set(node.id, next.push(node) - 1);
    return { nodes: next, places };
  }
  const workers = next.findIndex(({ role }) => role === 'worker');
  next.splice(workers < 0 ? next.length : workers, 0, ...fresh.filter(({ role }) => role === 'master'));
  next.push(...fresh.filter(({ role }) => role !== 'master'));
  return { nodes: next, places: placesOf(next) };
}

function placesOf(nodes: readonly Node[]): Map<NodeId, number> {
  return new Map(nodes.map(({ id }, place) => [id, place]));
}
