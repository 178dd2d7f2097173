/**
 * The members of load balancers as this process read or wrote them last. Every change of the rows counts one up in the row
 * of the balancer: the same number is the same members. So a pass reads no members that it knows, and a change costs what
 * changes. What is given out is what is kept: it follows the changes that are made here.
 */
import type { KnownMember, KnownMembers, LoadBalancerId, MemberChanges, NodeId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import { selectPrepared } from './prepared.js';

/** About 20 MiB. */
const MOST_MEMBERS = 60_000;

export type ChangesByListener = Readonly<Record<string, MemberChanges>>;
type Members = Map<string, Map<NodeId, KnownMember>>;

interface Kept {
  version: number;
  readonly members: Members;
}

export class MemberSnapshots {
  /** The one that was read last is the last. */
  private readonly kept = new Map<LoadBalancerId, Kept>();

  constructor(private readonly manager: EntityManager) {}

  async read(id: LoadBalancerId): Promise<KnownMembers> {
    const before = this.kept.get(id);
    const [row] = await selectPrepared<{
      version: string;
      rows: readonly (KnownMember & { listener: string })[] | null;
    }>(
      this.manager,
      'load-balancer-members',
      `SELECT members_version AS version, CASE WHEN members_version <> $2 THEN (
         SELECT json_agg(json_build_object('listener', listener, 'nodeId', node_id, 'name', name, 'address', address,
           'port', port, 'confirmed', confirmed)) FROM load_balancer_members WHERE load_balancer_id = $1) END AS rows
       FROM load_balancers WHERE id = $1`,
      [id, before?.version ?? -1],
    );
    this.kept.delete(id);
    if (row === undefined) return new Map();
    const version = Number(row.version);
    const kept = before?.version === version ? before : { version, members: membersOf(row.rows ?? []) };
    this.kept.set(id, kept);
    this.dropOldest();
    return kept.members;
  }

  /** After a statement that changed the rows and counted `version`. */
  follow(id: LoadBalancerId, version: number, changes: ChangesByListener, step: 'begun' | 'confirmed'): void {
    const kept = this.kept.get(id);
    if (kept === undefined) return;
    if (kept.version !== version - 1) {
      this.kept.delete(id);
      return;
    }
    kept.version = version;
    for (const [listener, { put, remove }] of Object.entries(changes)) {
      const members = kept.members.get(listener) ?? new Map<NodeId, KnownMember>();
      kept.members.set(listener, members);
      for (const member of put) members.set(member.nodeId, { ...member, confirmed: step === 'confirmed' });
      if (step === 'confirmed') for (const nodeId of remove) members.delete(nodeId);
      if (members.size === 0) kept.members.delete(listener);
    }
  }

  private dropOldest(): void {
    const sizeOf = ({ members }: Kept): number => [...members.values()].reduce((sum, some) => sum + some.size, 0);
    let sum = 0;
    for (const kept of this.kept.values()) sum += sizeOf(kept);
    for (const [id, kept] of this.kept) {
      if (sum <= MOST_MEMBERS) break;
      sum -= sizeOf(kept);
      this.kept.delete(id);
    }
  }
}

function membersOf(rows: readonly (KnownMember & { listener: string })[]): Members {
  const members: Members = new Map();
  for (const { listener, ...member } of rows) {
    const some = members.get(listener) ?? new Map<NodeId, KnownMember>();
    members.set(listener, some.set(member.nodeId, member));
  }
  return members;
}
