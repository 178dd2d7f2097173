/** A process says now and then that it lives, so that an administrator sees which are there. */
import { hostname } from 'node:os';
import { detailOf, type Log } from '@baykeeper/domain';
import type { Database, ProcessKind } from '@baykeeper/storage';

/** Far below the silence after which a process counts as down. */
export const REPORT_EVERY_MS = 30_000;

export interface Heartbeat {
  /** Says that the process ends in good order. */
  stop(): Promise<void>;
}

export interface HeartbeatFacts {
  readonly kind: ProcessKind;
  /** Counts the processes of this kind on this host, from 0. */
  readonly slot: number;
  readonly version: string;
}

/** A report that fails is missed by nobody: the next one says the same. */
export async function startHeartbeat(
  { database, log }: { readonly database: Pick<Database, 'stores'>; readonly log: Log },
  { kind, slot, version }: HeartbeatFacts,
): Promise<Heartbeat> {
  const place = { host: hostname(), kind, slot };
  const { processes } = database.stores;
  let startedAt: Date | null = null;
  const report = async (isFirst: boolean): Promise<void> => {
    try {
      const began = await processes.report(place, { version, isFirst });
      if (isFirst) startedAt = began;
      if (isFirst) await processes.removeForgotten();
    } catch (error) {
      log.warn({ error: detailOf(error) }, 'reporting that the process lives failed');
    }
  };
  await report(true);
  const timer = setInterval(() => void report(false), REPORT_EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      if (startedAt !== null) await processes.reportStopped(place, startedAt).catch(() => undefined);
    },
  };
}
