/**
 * Runs the embedded services that are wanted and keeps them running: one that dies is started again, with a growing
 * pause, for as long as the server lives. Clients see a closed connection and connect again to the same URL.
 */
import type { ChildProcess } from 'node:child_process';
import type { Log } from '@baykeeper/domain';
import { ensureDataDirectory } from './account.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { EmbeddedRedis } from './embedded-redis.js';
import type { EmbeddedService } from './embedded-service.js';
import { pause } from './process-tools.js';

const SHORTEST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 10_000;

export interface EmbeddedServicesWish {
  /** Absolute path. */
  readonly dataDirectory: string;
  readonly postgres: boolean;
  readonly redis: boolean;
  readonly log: Log;
}

export interface EmbeddedServices {
  /** Null for a service that was not wanted. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  /** For a person; empty for a service that was not wanted. */
  readonly databaseDescription: string;
  readonly redisDescription: string;
  /** Redis first, then PostgreSQL; both have written everything when it resolves. */
  stop(): Promise<void>;
}

/** Resolves when all answer. @throws BaykeeperError when one can't be started; then none is left running. */
export async function startEmbeddedServices(wish: EmbeddedServicesWish): Promise<EmbeddedServices> {
  await ensureDataDirectory(wish.dataDirectory);
  const postgres = wish.postgres ? new EmbeddedPostgres(wish) : null;
  const redis = wish.redis ? new EmbeddedRedis(wish) : null;
  const results = await Promise.allSettled(
    [postgres, redis].map(async (service) => (service === null ? null : await keepRunning(service, wish.log))),
  );
  const running = results.map((result) => (result.status === 'fulfilled' ? result.value : null));
  const stop = async () => {
    await running[1]?.stop();
    await running[0]?.stop();
  };
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return {
    databaseUrl: postgres?.url ?? null,
    redisUrl: redis?.url ?? null,
    databaseDescription: postgres?.description ?? '',
    redisDescription: redis?.description ?? '',
    stop,
  };
}

/** Ends services that a server without a graceful end left running, and removes sockets outside of the data directory. */
export async function stopEmbeddedServices(dataDirectory: string): Promise<void> {
  await new EmbeddedRedis({ dataDirectory }).stop();
  await new EmbeddedPostgres({ dataDirectory }).stop();
}

export interface KeptService {
  stop(): Promise<void>;
}

export async function keepRunning(service: EmbeddedService, log: Log): Promise<KeptService> {
  let stopping = false;
  let restarting: Promise<void> = Promise.resolve();
  const { name } = service;

  const watch = (child: ChildProcess) => {
    const startedAt = performance.now();
    const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
      if (stopping) return;
      log.error({ service: name, pid: child.pid, code, signal }, 'starting an embedded service again that ended');
      // One that died at once is given more time to let go of what it held.
      const soon = performance.now() - startedAt > LONGEST_PAUSE_MILLISECONDS;
      restarting = restart(soon ? 0 : SHORTEST_PAUSE_MILLISECONDS);
    };
    if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
    else child.once('exit', onExit);
  };

  const restart = async (wait: number): Promise<void> => {
    for (
      let milliseconds = wait;
      ;
      milliseconds = Math.min(Math.max(milliseconds * 2, 100), LONGEST_PAUSE_MILLISECONDS)
    ) {
      await pause(milliseconds);
      if (isStopping()) return;
      try {
        const child = await service.start();
        log.info({ service: name, pid: child.pid }, 'an embedded service runs again');
        watch(child);
        return;
      } catch (error) {
        log.error({ service: name, err: error }, 'an embedded service did not start');
      }
    }
  };
  const isStopping = () => stopping;

  const child = await service.start();
  log.info({ service: name, pid: child.pid }, 'an embedded service runs');
  watch(child);
  return {
    async stop() {
      stopping = true;
      await restarting;
      await service.stop();
    },
  };
}
