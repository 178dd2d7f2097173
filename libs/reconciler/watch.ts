/** What passes and nodes are measured by. Whoever listens must not throw and must not wait. */
import type { Node, NodeFailure, NodeRole, RecordAction } from '@baykeeper/domain';

/** `busy`: another process holds the bay's lease. `lost`: another process took it over. */
export type PassOutcome = 'done' | 'busy' | 'lost' | 'failed';

/** What a node went through, each from the end of the one before it. */
export type MeasuredPhase =
  | 'request'
  | 'machine'
  | 'boot'
  | 'certificate'
  | 'grant'
  | 'join'
  | 'ready'
  | 'deregister'
  | 'drain'
  | 'leave'
  | 'delete';

export interface ReconcilerWatch {
  passed(outcome: PassOutcome, seconds: number): void;
  leaseTaken(): void;
  leaseEnded(how: 'released' | 'lost'): void;
  nodePhase(phase: MeasuredPhase, role: NodeRole, seconds: number): void;
  nodeFailed(phase: NodeFailure['phase'], role: NodeRole): void;
}

/**
 * Tells of the nodes that these actions, which were carried out at `at`, made ready, failed or forgot.
 * @param nodes all that are not at rest
 */
export function watchNodes(
  watch: ReconcilerWatch | undefined,
  nodes: readonly Node[],
  actions: readonly RecordAction[],
  at: Date,
): void {
  if (watch === undefined) return;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const action of actions) {
    // The last nodes of a bay go with it.
    if (action.kind === 'remove-bay') for (const node of nodes) tell(watch, node, departureOf(node));
    if (!('nodeId' in action)) continue;
    const node = byId.get(action.nodeId);
    if (node === undefined) continue;
    if (action.kind === 'fail-node') watch.nodeFailed(action.phase, node.role);
    else if (action.kind === 'record-ready') tell(watch, node, arrivalOf(node, at));
    else if (action.kind === 'forget-node') tell(watch, node, departureOf(node));
  }
}

type Times = readonly (readonly [MeasuredPhase | null, Date | null])[];

function arrivalOf(node: Node, readyAt: Date): Times {
  return [
    [null, node.createdAt],
    ['request', node.machineRequestedAt],
    ['machine', node.machineCreatedAt],
    ['boot', node.bootedAt],
    ['certificate', node.certifiedAt],
    ['grant', node.joinGrantedAt],
    ['join', node.joinedAt],
    ['ready', readyAt],
  ];
}

function departureOf(node: Node): Times {
  return [
    [null, node.removalRequestedAt],
    ['deregister', node.deregisteredAt],
    ['drain', node.drainedAt],
    ['leave', node.leftAt],
    ['delete', node.machineRemovedAt],
  ];
}

function tell(watch: ReconcilerWatch, { role }: Node, times: Times): void {
  let since: Date | null = null;
  for (const [phase, at] of times) {
    if (at === null) continue;
    // A machine is asked for while its node boots already: what began before the one before it ended took no time.
    if (phase !== null && since !== null)
      watch.nodePhase(phase, role, Math.max(0, (at.getTime() - since.getTime()) / 1_000));
    if (since === null || at > since) since = at;
  }
}
