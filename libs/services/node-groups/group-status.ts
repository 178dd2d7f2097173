import type { Bay, BayStatus } from '@baykeeper/domain';
import type { NodeGroupView } from '@baykeeper/storage';

/** What tenants are told of a group, from its nodes and from what its bay says; nothing decides anything by it. */
export function statusOfGroup(
  bay: Pick<Bay, 'status' | 'statusReason' | 'deletionRequestedAt'>,
  { group, staying, ready, present }: Omit<NodeGroupView, 'number' | 'addresses'>,
): { readonly status: BayStatus; readonly statusReason: string | null } {
  const isLeaving = bay.deletionRequestedAt !== null || group.deletionRequestedAt !== null;
  const verb = isLeaving ? 'DELETE' : group.updatedAt === null ? 'CREATE' : 'UPDATE';
  const isComplete = staying === group.nodeCount && ready === staying && present === staying;
  if (isComplete && verb !== 'DELETE') return { status: `${verb}_COMPLETE`, statusReason: null };
  if (bay.status.endsWith('_FAILED')) return { status: `${verb}_FAILED`, statusReason: bay.statusReason };
  return { status: `${verb}_IN_PROGRESS`, statusReason: null };
}
