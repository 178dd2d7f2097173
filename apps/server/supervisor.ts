/**
 * The server: embedded services, then the API and worker processes, in this order; and the other way round when it stops.
 * It holds no rule of the product and no state but its children, so that its own `kill -9` costs nothing: children end by
 * themselves, and the next life finds and ends embedded services that stayed behind.
 */
import { createServer } from 'node:net';
import { BaykeeperError, type Log } from '@baykeeper/domain';
import {
  decideDrivers,
  ensureDataDirectory,
  startEmbeddedServices,
  type Configuration,
  type DriverDecision,
  type Environment,
} from '@baykeeper/platform';
import { ensureAdminCredentials } from './admin-credentials.js';
import { ChildPool } from './child-pool.js';
import { lockDataDirectory } from './data-directory-lock.js';
import { renderDrivers, renderReady, renderServices } from './start-lines.js';

export interface SupervisorSettings {
  readonly configuration: Configuration;
  /** What children inherit. */
  readonly environment: Environment;
  /** Paths of the modules that run as the API and as a worker. */
  readonly entries: { readonly api: string; readonly worker: string };
  readonly log: Log;
  /** Takes plain lines for a person. */
  readonly print: (line: string) => void;
}

/** Another life of the server may still be letting go of its ports. */
const PORT_MILLISECONDS = 5_000;

export class Supervisor {
  private readonly undo: (() => Promise<void>)[] = [];
  private readonly aborted = new AbortController();
  private starting: Promise<void> = Promise.resolve();
  private stopped: Promise<void> | null = null;

  private pool: ChildPool | null = null;
  private readonly rolls = { done: 0, failed: 0 };

  constructor(private readonly settings: SupervisorSettings) {}

  /**
   * Resolves when everything is ready, or when `stop` was called meanwhile.
   * @throws BaykeeperError that says what to do; everything that was started has been stopped then.
   */
  async start(onFatal: (error: BaykeeperError) => void): Promise<void> {
    this.starting = this.startAll(onFatal);
    try {
      await this.starting;
    } catch (error) {
      if (this.aborted.signal.aborted) return;
      await this.stop();
      throw error;
    }
  }

  /** Stops all, the latest first. Safe to call at any time and more than once. */
  stop(): Promise<void> {
    this.stopped ??= this.stopAll();
    return this.stopped;
  }

  /** Replaces the API and worker processes one at a time, without keeping anybody waiting; embedded services stay. */
  async roll(): Promise<void> {
    const { print } = this.settings;
    const isDone = (await this.pool?.roll()) ?? false;
    if (this.aborted.signal.aborted) return;
    this.rolls[isDone ? 'done' : 'failed'] += 1;
    print(
      isDone
        ? 'All processes were replaced.'
        : 'Not all processes could be replaced; the old ones go on. The lines above say why.',
    );
  }

  private async stopAll(): Promise<void> {
    this.aborted.abort();
    await this.starting.catch(() => undefined);
    for (const step of this.undo.reverse()) {
      try {
        await step();
      } catch (error) {
        this.settings.log.error({ err: error }, 'stopping a part of the server failed');
      }
    }
  }

  private async startAll(onFatal: (error: BaykeeperError) => void): Promise<void> {
    const { configuration, print, log } = this.settings;
    const startedAt = performance.now();
    const { dataDirectory, port, nodePort, bind } = configuration;
    await ensureDataDirectory(dataDirectory);
    const lock = await lockDataDirectory(dataDirectory, () => this.rolls);
    this.undo.push(() => lock.release());
    await checkPortFree(port, bind, 'BAYKEEPER_PORT');
    await checkPortFree(nodePort, '0.0.0.0', 'BAYKEEPER_NODE_PORT');
    this.aborted.signal.throwIfAborted();

    print(`Baykeeper is starting. Its data is in ${dataDirectory}.`);
    const drivers = await decideDrivers(configuration);
    for (const line of renderDrivers(drivers)) print(line);
    this.aborted.signal.throwIfAborted();

    const embedded = await startEmbeddedServices({
      dataDirectory,
      postgres: configuration.databaseUrl === null,
      redis: configuration.redisUrl === null,
      log,
    });
    this.undo.push(() => embedded.stop());
    for (const line of renderServices(embedded)) print(line);
    this.aborted.signal.throwIfAborted();

    const { publicUrl, adminPassword, keystoneUrl } = configuration;
    // Administrators are made where identities are kept.
    const credentials =
      keystoneUrl === null
        ? await ensureAdminCredentials({ dataDirectory, publicUrl, givenPassword: adminPassword })
        : null;
    const environment = this.childEnvironment(drivers, {
      DATABASE_URL: configuration.databaseUrl ?? embedded.databaseUrl ?? undefined,
      REDIS_URL: configuration.redisUrl ?? embedded.redisUrl ?? undefined,
    });
    const pool = this.makePool(environment, credentials?.password, onFatal);
    this.pool = pool;
    this.undo.push(() => pool.stop());
    await this.orAborted(pool.start());

    for (const line of renderReady({ configuration, credentials, seconds: (performance.now() - startedAt) / 1_000 })) {
      print(line);
    }
  }

  private makePool(
    environment: Environment,
    adminPassword: string | undefined,
    onFatal: (error: BaykeeperError) => void,
  ) {
    const { configuration, entries, log } = this.settings;
    return new ChildPool({
      heapMegabytes: configuration.heapMegabytes,
      shutdownDelayMilliseconds: configuration.shutdownDelaySeconds * 1_000,
      log,
      onFatal,
      kinds: [
        {
          name: 'API',
          entry: entries.api,
          count: configuration.apiProcesses,
          sharesPorts: true,
          // It makes the first administrator.
          environment: { ...environment, BAYKEEPER_ADMIN_PASSWORD: adminPassword },
        },
        {
          name: 'worker',
          entry: entries.worker,
          count: configuration.workerProcesses,
          sharesPorts: false,
          environment: { ...environment, BAYKEEPER_ADMIN_PASSWORD: undefined },
        },
      ],
    });
  }

  /** Decisions that were made here are handed down, so that every process works with the same ones. */
  private childEnvironment(drivers: DriverDecision, urls: Environment): Environment {
    const { configuration, environment } = this.settings;
    return {
      ...environment,
      ...urls,
      BAYKEEPER_DATA: configuration.dataDirectory,
      BAYKEEPER_PUBLIC_URL: configuration.publicUrl,
      BAYKEEPER_COMPUTE: drivers.compute,
      BAYKEEPER_LOAD_BALANCER: drivers.loadBalancer,
    };
  }

  private async orAborted(work: Promise<void>): Promise<void> {
    const { signal } = this.aborted;
    await Promise.race([
      work,
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
      }),
    ]);
    signal.throwIfAborted();
  }
}

/** A port that is taken is better found here, in a sentence, than by a child that dies of it. */
async function checkPortFree(port: number, host: string, setting: string): Promise<void> {
  const end = performance.now() + PORT_MILLISECONDS;
  for (;;) {
    const code = await tryToListen(port, host);
    if (code === null) return;
    if (code !== 'EADDRINUSE' || performance.now() > end) {
      const why = code === 'EADDRINUSE' ? 'is in use' : `can't be opened on ${host} (${code})`;
      throw new BaykeeperError({
        code: 'conflict',
        publicMessage: `Port ${port} ${why}. Stop what uses it, or set ${setting} to another one.`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function tryToListen(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        resolve(null);
      });
    });
  });
}
