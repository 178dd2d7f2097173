/**
 * The whole API over a real PostgreSQL and a real port of this machine, for integration tests. Tokens
 * that the test made are taken besides real ones; everything else is as in production.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Log, ProjectId, UserId } from '@baykeeper/domain';
import { openArtifactMirror, type EngineDriver, type LoadBalancerView } from '@baykeeper/drivers';
import { openBayAuthorities, openKeyVault } from '@baykeeper/pki';
import { ReadinessProbe } from '@baykeeper/platform';
import {
  Artifacts,
  AuditTrail,
  Baymodels,
  Bays,
  CatalogueAdministration,
  CatalogueLookup,
  Certificates,
  Credentials,
  Dashboard,
  Keypairs,
  NodeEnrolment,
  NodeGroups,
  Previews,
  Quotas,
  Rotations,
  type Caller,
  openAuditCollector,
  putBuiltIns,
  type AuditCollector,
  type Engines,
} from '@baykeeper/services';
import { TEST_CATALOGUE } from '@baykeeper/services/testing/test-catalogue.js';
import { openDatabase, SYSTEM, type Database } from '@baykeeper/storage';
import { openIdentity, openOwnSessions, type LoginLimiter } from '@baykeeper/tenancy';
import { openAccessCheck, type TokenHolder } from '../access/access-check.js';
import { openRequestLimit } from '../access/request-limit.js';
import { ApiSettings } from '../api-settings.js';
import { loginEntry } from '../audit/collected-entries.js';
import { BayEvents } from '../bays/bay-events.js';
import { EventStreams, STREAM_TIMES, type StreamTimes } from '../events/event-streams.js';
import { ProjectEvents } from '../events/project-events.js';
import { openStreamLimit, type StreamLimits } from '../events/stream-limit.js';
import { BayRecords } from '../bays/bay-records.js';
import { openDashboardSite } from '../dashboard/dashboard-site.js';
import { createApi } from '../create-api.js';
import { SessionService } from '../dashboard/session-service.js';
import { IdentityService } from '../identity/identity-service.js';
import { ProcessRecords } from '../processes/processes.controller.js';
import { MetricsText } from '../operations/health.controller.js';
import { LocalSignals } from './local-signals.js';

/** Tests of quotas set their own. */
const UNLIMITED = { Cluster: 1_000_000, Node: 1_000_000_000, Master: 1_000_000, ClusterTemplate: 1_000_000 };

/** What every start of the test API names itself in links. */
export const BASE_URL = 'http://bays.example:9511';

/** Machines that there is room for. */
const CAPACITY = 9_000;

export interface TestApi {
  readonly url: string;
  readonly database: Database;
  readonly signals: LocalSignals;
  /** Problems that were logged: faults of ours. */
  readonly faults: readonly string[];
  /** What the load balancer driver answers. */
  readonly balancers: LoadBalancerView[];
  /** A token for a new user of the project (null: for none); `system-admin` besides roles makes one who runs the installation. */
  token(projectId: ProjectId | null, ...roles: string[]): Promise<string>;
  project(): Promise<ProjectId>;
  callerOf(token: string): Caller;
  /** Writes what the audit tells of refusals and logins, which the test API does not do by itself. */
  writeAudit(): Promise<void>;
  /** What the server does first when it stops. */
  endStreams(): void;
  close(): Promise<void>;
}

/** What is not as in production unless a test says so: there are no limits. */
export interface TestLimits {
  readonly logins?: LoginLimiter;
  readonly requestsPerSecond?: number;
  readonly trustedProxies?: readonly string[];
  readonly corsOrigins?: readonly string[];
  readonly streams?: StreamLimits;
  readonly streamTimes?: StreamTimes;
  readonly artifactsDirectory?: string;
}

export async function startTestApi(
  databaseUrl: string,
  engine: EngineDriver,
  limits: TestLimits = {},
): Promise<TestApi> {
  const database = await openDatabase({ url: databaseUrl, poolSize: 6 });
  const signals = new LocalSignals();
  const faults: string[] = [];
  const holders = new Map<string, TokenHolder>();
  const balancers: LoadBalancerView[] = [];
  await putBuiltIns(database.stores, TEST_CATALOGUE);
  const log = logInto(faults);
  const audit = openAuditCollector({ audit: database.stores.audit, log, writesByItself: false });
  const app = await openApp({ database, signals, holders, balancers, engine, limits, audit, log });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.getHttpServer().address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    database,
    signals,
    faults,
    balancers,
    async project() {
      const id = randomUUID() as ProjectId;
      await database.stores.projects.insert({ id, name: `project-${id}` });
      return id;
    },
    async token(projectId, ...roles) {
      const userId = randomUUID() as UserId;
      const userName = `user-${userId}`;
      await database.stores.users.insert({
        id: userId,
        name: userName,
        passwordHash: '-',
        defaultProjectId: projectId,
      });
      const token = randomBytes(16).toString('hex');
      const isSystemAdmin = roles.includes('system-admin');
      const held = roles.filter((role) => role !== 'system-admin');
      holders.set(token, { userId, userName, projectId, roles: held, isSystemAdmin });
      return token;
    },
    callerOf(token) {
      const holder = holders.get(token);
      const projectId = holder?.projectId ?? null;
      if (holder === undefined || projectId === null) throw new Error('that token was not made here');
      return { ...holder, projectId, requestId: null, address: null };
    },
    writeAudit: () => audit.flush(),
    endStreams() {
      app.get(EventStreams).close();
    },
    async close() {
      await app.close();
      await audit.close();
      await database.close();
    },
  };
}

interface AppFacts {
  readonly database: Database;
  readonly signals: LocalSignals;
  readonly holders: ReadonlyMap<string, TokenHolder>;
  readonly balancers: readonly LoadBalancerView[];
  readonly engine: EngineDriver;
  readonly limits: TestLimits;
  readonly audit: AuditCollector;
  readonly log: Log;
}

async function openApp({
  database,
  signals,
  holders,
  balancers,
  engine,
  limits,
  audit,
  log,
}: AppFacts): Promise<NestFastifyApplication> {
  const engines: Engines = { engineNames: ['swarm'], engine: () => engine };
  const catalogue = {
    entries: new CatalogueLookup(database.stores.catalogue),
    serverTypes: ['vm'] as const,
    machineSubnets: ['198.51.100.0/24'],
  };
  const source = TEST_CATALOGUE;
  const administration = new CatalogueAdministration({ database, source, signals, lookup: catalogue.entries });
  await administration.watch(signals);
  const { logins, requestsPerSecond = 0, trustedProxies = [], streamTimes = STREAM_TIMES } = limits;
  const streams = new EventStreams(openStreamLimit(limits.streams ?? { perToken: 0, perProject: 0 }), streamTimes);
  const identity = openIdentity({
    database,
    onLogin: (login) => {
      audit.add(loginEntry(login));
    },
    ...(logins && { limiter: logins }),
  });
  identity.watchTokens(() => {
    streams.checkAgain();
  });
  const vault = openKeyVault(randomBytes(32));
  const { certificateAuthorities } = database.stores;
  const authorities = openBayAuthorities({
    vault,
    records: {
      find: (bayId, purpose) => certificateAuthorities.findByBay(SYSTEM, bayId, purpose),
      insert: (authority) => certificateAuthorities.insert(SYSTEM, authority),
    },
  });
  const now = () => new Date();
  const capacity = () => Promise.resolve(CAPACITY);
  const wishes = { database, engines, catalogue, signals, quotas: UNLIMITED, capacity };
  const certificates = new Certificates({ database, engines, authorities, now });
  const enrolment = new NodeEnrolment({
    ...{ database, engines, authorities, signals, now, log },
    controlIdentity: () => Promise.resolve(null),
    sessionToken: (nodeId, hash) => `${nodeId}.${hash}`,
  });
  const quotas = new Quotas({ database, defaults: UNLIMITED });
  const mirror = openArtifactMirror({
    directory: limits.artifactsDirectory ?? '/nowhere/artifacts',
    templatesDirectory: '/nowhere',
    mirrorUrl: null,
  });
  return createApi({
    log,
    audit,
    access: openAccessCheck({
      validate: async (token) => holders.get(token) ?? (await identity.validateToken(token)),
      takeTurn: openRequestLimit(requestsPerSecond),
    }),
    trustedProxies,
    ...(limits.corsOrigins && { corsOrigins: limits.corsOrigins }),
    parts: {
      settings: new ApiSettings(BASE_URL, '0.1.0', 'simulated'),
      baymodels: new Baymodels({ database, engines, catalogue, quotas: UNLIMITED }),
      catalogue: administration,
      keypairs: new Keypairs(database),
      bays: new Bays(wishes),
      groups: new NodeGroups(wishes),
      previews: new Previews(wishes),
      rotations: new Rotations({ database, engines, now, controlIdentity: () => Promise.resolve(null) }),
      quotas,
      dashboard: new Dashboard({ database, quotas, now }),
      site: openDashboardSite(),
      processes: new ProcessRecords(database),
      artifacts: new Artifacts({ database, mirror }),
      audit: new AuditTrail(database),
      certificates,
      credentials: new Credentials({ database, engines, certificates }),
      enrolment,
      records: new BayRecords(database, { list: () => Promise.resolve(balancers) }, 'test', log),
      streams,
      events: new BayEvents(database, signals, streams),
      projectEvents: new ProjectEvents(database, signals, streams),
      identity: new IdentityService(identity),
      sessions: new SessionService(openOwnSessions(identity), null),
      readiness: new ReadinessProbe({
        database: { ask: () => database.ping(), sentence: 'The database does not answer.' },
      }),
      metrics: new MetricsText(() => Promise.resolve('')),
    },
  });
}

function logInto(faults: string[]): Log {
  const ignore = (): void => undefined;
  return {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: ({ err }, message) => {
      faults.push(`${message}: ${err instanceof Error ? (err.stack ?? err.message) : String(err)}`);
    },
  };
}
