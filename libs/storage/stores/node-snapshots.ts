/**
 * The nodes of large bays as this process read them last, with the version of each row (the transaction that wrote it). A
 * reading asks for the versions and then for the rows that have another one: what is expensive is turning rows into nodes,
 * and of ten thousand a few change from one reading to the next. What is kept decides nothing: a version that is the same is
 * the same row.
 */
import type { BayId, Node, NodeId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import { selectPrepared } from './prepared.js';

/** About 50 MiB. */
const MOST_NODES = 30_000;
/** Smaller bays are read at once. */
const FEWEST_NODES = 200;

interface Known {
  readonly version: string;
  readonly node: Node;
}
type Snapshot = ReadonlyMap<NodeId, Known>;

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
    if (before === undefined) return this.keep(bayId, await this.rowsOf(bayId, null));
    const [row] = await selectPrepared<{ readonly versions: string | null }>(
      this.manager,
      'node-versions',
      `SELECT string_agg(id || ' ' || xmin, ',' ORDER BY role, sequence) AS versions FROM nodes WHERE bay_id = $1`,
      [bayId],
    );
    const versions = (row?.versions ?? '').split(',').filter((entry) => entry !== '');
    const order = versions.map((entry) => entry.slice(0, entry.indexOf(' ')) as NodeId);
    const changed = order.filter((id, place) => `${id} ${before.get(id)?.version ?? ''}` !== versions[place]);
    const fresh = new Map(changed.length > 0 ? await this.rowsOf(bayId, changed) : []);
    const isChanged = new Set(changed);
    const entries: (readonly [NodeId, Known])[] = [];
    for (const id of order) {
      // One that was removed after the versions were read is in neither.
      const known = isChanged.has(id) ? fresh.get(id) : before.get(id);
      if (known !== undefined) entries.push([id, known]);
    }
    return this.keep(bayId, entries);
  }

  private async rowsOf(bayId: BayId, ids: readonly NodeId[] | null): Promise<readonly (readonly [NodeId, Known])[]> {
    const rows = await selectPrepared<Node & { readonly rowVersion: string }>(
      this.manager,
      ids === null ? 'nodes-with-versions' : 'changed-nodes',
      `SELECT nodes.xmin::text AS "rowVersion", ${this.columns} FROM nodes WHERE bay_id = $1
       ${ids === null ? '' : 'AND id = ANY($2::uuid[])'} ORDER BY role, sequence`,
      ids === null ? [bayId] : [bayId, ids],
    );
    return rows.map(({ rowVersion: version, ...node }) => [node.id, { version, node }]);
  }

  private keep(bayId: BayId, entries: readonly (readonly [NodeId, Known])[]): readonly Node[] {
    this.kept.delete(bayId);
    if (entries.length >= FEWEST_NODES) this.kept.set(bayId, new Map(entries));
    let sum = 0;
    for (const snapshot of this.kept.values()) sum += snapshot.size;
    for (const [id, snapshot] of this.kept) {
      if (sum <= MOST_NODES) break;
      sum -= snapshot.size;
      this.kept.delete(id);
    }
    return entries.map(([, { node }]) => node);
  }
}
