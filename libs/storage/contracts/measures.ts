/** Numbers about the whole installation, for whoever watches it. None of them names a project or a bay. */
export interface InstallationMeasures {
  /** Bays that wait to be queued, and for how many seconds the oldest one does; 0 when none waits. */
  readonly outbox: { readonly rows: number; readonly oldestSeconds: number };
  /** Leases that a worker holds, and those that ran out because their worker went away without a word. */
  readonly leases: { readonly held: number; readonly expired: number };
  /** How many bays have each status that any has. */
  readonly baysByStatus: Readonly<Record<string, number>>;
  /** Seconds since the oldest wish that is not fulfilled yet was made; 0 when all are. */
  readonly oldestWishSeconds: number;
  /** Processes that were heard of lately. */
  readonly processesUp: { readonly api: number; readonly worker: number };
}

/** The soonest of each kind; null where there is none. */
export interface SoonestExpiry {
  /** Certificates of nodes, each node's newest. */
  readonly node: Date | null;
  /** When the oldest certificate authority of a bay was made; all live equally long. */
  readonly oldestAuthorityMadeAt: Date | null;
}

export interface MeasureStore {
  read(): Promise<InstallationMeasures>;
  readExpiry(): Promise<SoonestExpiry>;
}
