import type { BayId, NodeId, ProjectId } from './ids.js';

/** Something that happened to a bay, told to its tenant in one sentence. Append only; `sequence` grows. */
export interface BayEvent {
  readonly sequence: number;
  readonly bayId: BayId;
  readonly projectId: ProjectId;
  readonly nodeId: NodeId | null;
  /** For programs. */
  readonly kind: EventKind;
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
  readonly at: Date;
}

interface EventKindFacts {
  /** Levels that it comes with. */
  readonly levels: readonly BayEvent['level'][];
  /** What it says, for people who read a program's list of kinds. */
  readonly meaning: string;
}

/** All kinds there are. Programs may count on them: one is added, none is given another meaning. */
export const EVENT_KINDS = {
  'bay-requested': info('Somebody asked for the bay.'),
  'bay-scaled': info('Somebody asked for another number of nodes, or for certain nodes to leave.'),
  'bay-retry-requested': info('Somebody asked to try a failed bay again.'),
  'bay-deletion-requested': info('Somebody asked for the bay to be deleted.'),
  'group-requested': info('Somebody asked for another node group.'),
  'group-changed': info('Somebody changed a node group: its bounds or its role.'),
  'group-deletion-requested': info('Somebody asked for a node group to be deleted.'),
  'group-removed': info('The last node of a deleted group is gone, and the group with it.'),
  'status-changed': {
    levels: ['info', 'error'],
    meaning: 'The bay has another status; the reason of a failed one stands beside.',
  },
  'node-planned': info('A node was decided on; its machine is made next.'),
  'machine-created': info('The machine of a node runs.'),
  'machine-started': warning('A machine that was off was switched on again, because no master answered.'),
  'machine-failed': warning(
    'A machine could not be made, for the reason told; it is tried again until the node’s time is over.',
  ),
  'node-booted': info('The node has reported for the first time.'),
  'node-certified': info('The node has its certificate.'),
  'node-engine-started': info('The engine of the node runs.'),
  'cluster-founded': info('The first master has founded the cluster.'),
  'node-joined': info('The node has joined the cluster.'),
  'node-ready': info('The engine takes the node for ready.'),
  'node-missed': warning(
    'A node that was ready is no longer, in the engine’s own words; it is replaced after a while.',
  ),
  'node-back': info('A node that was missed is ready again.'),
  'node-failed': error('A node failed in the phase told; it is replaced.'),
  'node-leaving': info('A node shall leave, for the reason in brackets.'),
  'node-drained': info('What ran on the node was moved away.'),
  'drain-timeout': warning(
    'What runs on the node could not be moved away in time, for the reason told; it leaves nevertheless.',
  ),
  'leave-timeout': warning(
    'The node could not take leave of the cluster in time; its machine is removed nevertheless.',
  ),
  'machine-removed': info('The machine of a node is gone.'),
  'machine-removal-failed': warning('A machine could not be removed, for the reason told; it is tried again.'),
  'cluster-lost': error('All masters are lost, and the state of the cluster with them; an empty one is founded anew.'),
  'load-balancer-ready': info('The load balancer listens, at the address and the ports told.'),
  'load-balancer-failed': warning('The load balancer could not be set as it should be; it is tried again.'),
  'load-balancer-restored': warning('Somebody else had changed the load balancer; it is as it was again.'),
  'listener-refused': warning(
    'A port that a Service of the cluster asks for can’t be served, for the reason told; all else is.',
  ),
  'members-changed': info('Nodes were added to those behind the load balancer, or taken out.'),
  'certificate-signed': info('A client certificate was signed for somebody.'),
  'credentials-rotated': info('The credentials with which machines join were replaced.'),
} as const satisfies Readonly<Record<string, EventKindFacts>>;

export type EventKind = keyof typeof EVENT_KINDS;

function info(meaning: string): EventKindFacts {
  return { levels: ['info'], meaning };
}

function warning(meaning: string): EventKindFacts {
  return { levels: ['warning'], meaning };
}

function error(meaning: string): EventKindFacts {
  return { levels: ['error'], meaning };
}
