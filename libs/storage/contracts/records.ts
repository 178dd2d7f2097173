import type { BayEvent, BayId, NodeId, ProjectId } from '@baykeeper/domain';
import type { ProjectEvent } from './dashboards.js';
import type { Scope } from '../scope.js';

export interface SettingStore {
  /** The value of a key that is the same for every process for ever: made by whoever comes first. */
  ensure(key: string, make: () => string | Promise<string>): Promise<string>;
}

export type NewEvent = Omit<BayEvent, 'sequence' | 'at'>;

export interface EventStore {
  /** An event of a bay that is gone is dropped: nobody could read it. */
  append(event: NewEvent): Promise<void>;
  /** The same with several, in their order. */
  appendMany(events: readonly NewEvent[]): Promise<void>;
  /**
   * Ascending by sequence. A bay's events become visible in the order of their sequence, so asking with the last one
   * seen misses nothing.
   * @param range.after exclusive; 0 from the beginning
   */
  list(
    scope: Scope,
    bayId: BayId,
    range: { readonly after: number; readonly limit: number },
  ): Promise<readonly BayEvent[]>;
  /**
   * Of all bays of a project, in an order in which none comes before one that was given already: asking with the last one's
   * position misses nothing. An event is given when all transactions that began before its own have ended, so one that takes
   * long delays it.
   */
  listOfProject(
    scope: Scope,
    range: { readonly after: EventPosition; readonly limit: number },
  ): Promise<readonly PlacedEvent[]>;
  /** After everything that {@link listOfProject} gives now. */
  latestPosition(): Promise<EventPosition>;
}

/** A place in the order of a project's events. */
export interface EventPosition {
  /** The database's number of the transaction that wrote it. */
  readonly transaction: number;
  readonly sequence: number;
}

export interface PlacedEvent extends ProjectEvent {
  readonly transaction: number;
}

export interface OutboxRow {
  readonly id: number;
  readonly bayId: BayId;
  /** The trace of what was the reason (W3C Trace Context), if that is traced. */
  readonly traceparent: string | null;
}

export type NewOutboxRow = Omit<OutboxRow, 'id'>;

export interface TakenOutboxRow extends OutboxRow {
  /** Of the bay; null when that is gone. */
  readonly projectId: ProjectId | null;
}

/** Bays that must be reconciled, written in the transaction that is the reason. */
export interface OutboxStore {
  append(bayId: BayId): Promise<void>;
  /** Each bay once, for its latest reason. */
  appendMany(rows: readonly NewOutboxRow[]): Promise<void>;
  /** Rows that no other transaction has taken. Only inside a transaction, which holds them until its end. */
  take(limit: number): Promise<readonly TakenOutboxRow[]>;
  remove(ids: readonly number[]): Promise<void>;
}

/** One write outside, with an id that is the same whenever it is tried again. */
export interface Operation {
  readonly id: string;
  readonly bayId: BayId;
  readonly nodeId: NodeId | null;
  readonly kind: string;
}

export interface OpenOperation extends Operation {
  readonly startedAt: Date;
  readonly attempts: number;
}

/** The ledger of writes outside, filled before and after each. */
export interface OperationStore {
  /** Begun again it is open again. @throws BaykeeperError `not-found` when the bay is gone: then don't do it. */
  begin(operation: Operation): Promise<void>;
  /** @param outcome.error a sentence without secrets; null for success */
  finish(id: string, outcome: { readonly error: string | null }): Promise<void>;
  /**
   * Ends those whose process died before it could say how they went, once their bay was looked at again since and is as
   * wished: so the ledger shows as open only what is under way or still matters.
   * @returns how many
   */
  finishForgotten(outcome: { readonly error: string }): Promise<number>;
  /** How they failed, by id; those are left out that did not fail, or are under way again. */
  lastErrors(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Begun and not finished, in order of their beginning. */
  listOpen(bayId: BayId): Promise<readonly OpenOperation[]>;
}
