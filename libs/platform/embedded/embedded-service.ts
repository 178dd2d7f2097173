import type { ChildProcess } from 'node:child_process';

/** A server program that runs as a child of ours, on a Unix socket below the data directory. */
export interface EmbeddedService {
  readonly name: 'PostgreSQL' | 'Redis';
  /** For clients in this machine; the same for the whole life of the data directory. Set by `start`. */
  readonly url: string;
  /** What runs, for a person: version and where it came from. Set by `start`. */
  readonly description: string;
  /** Ends what an earlier life of the server left behind, then starts; resolves when it answers. */
  start(): Promise<ChildProcess>;
  /** Ends it gracefully, whoever started it; with nothing running this is a success. */
  stop(): Promise<void>;
}
