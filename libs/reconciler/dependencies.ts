import type { Bay, BayEvent, BayId, Log, NodeId, PlanLimits } from '@baykeeper/domain';
import type { ControlIdentity, Drivers } from '@baykeeper/drivers';
import type { BayQueue, Signals } from '@baykeeper/queue';
import type { Database } from '@baykeeper/storage';
import type { ReconcilerWatch } from './watch.js';

/** How a new node finds and trusts the control plane. */
export interface ControlPlaneAddress {
  readonly url: string;
  readonly caPem: string;
}

/** Everything the reconciler needs, handed in by the process that runs it. */
export interface ReconcilerDependencies {
  readonly database: Database;
  readonly queue: BayQueue;
  readonly signals: Signals;
  readonly drivers: Drivers;
  readonly log: Log;
  /** Is told what is measured. */
  readonly watch?: ReconcilerWatch;
  /** Comes when this process ends: passes give up, and give their leases back. */
  readonly handBack?: AbortSignal;
  readonly now: () => Date;
  /** The mark on everything this installation makes at its drivers. */
  readonly installation: string;
  /** Names this process in leases. */
  readonly holder: string;
  readonly limits: PlanLimits;
  readonly drainTimeoutMs: number;
  readonly orphanGraceMs: number;
  /** How long a driver may take to answer; 15 minutes unless given. */
  readonly driverPatienceMs?: number;
  readonly templatesDirectory: string;
  /** PEM certificates of authorities that every node trusts besides its image's; none unless given. */
  readonly trustedAuthorities?: readonly string[];
  /** PEM texts to speak to a bay's engine with; null for a bay without TLS or without authority yet. */
  readonly controlIdentity: (bay: Bay) => Promise<ControlIdentity | null>;
  readonly controlPlane: () => Promise<ControlPlaneAddress>;
  /** A node's single-use token: the same for the same node, so that making a machine twice makes the same machine. */
  readonly enrolmentToken: (nodeId: NodeId) => string;
}

export type NewEvent = Omit<BayEvent, 'sequence' | 'at'>;

/** Tells the bay's tenant what happened and wakes whoever watches. Losing the wake is harmless, losing the event is not. */
export async function recordEvent(
  dependencies: Pick<ReconcilerDependencies, 'database' | 'signals'>,
  event: NewEvent,
): Promise<void> {
  await dependencies.database.stores.events.append(event);
  await wakeWatchers(dependencies, event.bayId);
}

export async function wakeWatchers({ signals }: Pick<ReconcilerDependencies, 'signals'>, bayId: BayId): Promise<void> {
  await signals.publish(`bay:${bayId}`).catch(() => undefined);
}
