export type ProcessKind = 'api' | 'worker';

/** A process of ours: on which host, which of its kind there, and when it was last heard of. */
export interface ProcessRecord {
  readonly id: number;
  readonly host: string;
  readonly kind: ProcessKind;
  /** Counts the processes of a kind on a host, from 0; one that is started again takes its place. */
  readonly slot: number;
  readonly version: string;
  readonly reportCount: number;
  readonly startedAt: Date;
  readonly lastSeenAt: Date | null;
  /** When it ended in good order. */
  readonly stoppedAt: Date | null;
  readonly createdAt: Date;
  /** Whether it was heard of lately and did not say that it ends. */
  readonly isUp: boolean;
}

export type ProcessPlace = Pick<ProcessRecord, 'host' | 'kind' | 'slot'>;

export interface ProcessStore {
  /** Says that the process lives; its first word begins its record anew. @returns when that was */
  report(place: ProcessPlace, facts: { readonly version: string; readonly isFirst: boolean }): Promise<Date>;
  /** Whether one of the kind was heard of within so many seconds and did not say that it ends. */
  isAnyUp(kind: ProcessKind, withinSeconds: number): Promise<boolean>;
  /** Says that the process that began then ends; one that took its place meanwhile goes on. */
  reportStopped(place: ProcessPlace, startedAt: Date): Promise<void>;
  /** In order of their first report. Those that were last heard of so long ago that nobody misses them are left out. */
  list(): Promise<readonly ProcessRecord[]>;
  /** @returns how many records of processes that are long gone were removed. */
  removeForgotten(): Promise<number>;
}
