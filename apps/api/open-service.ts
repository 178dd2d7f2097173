/** Puts the API together over one installation, and opens its two ports. */
import type { Log } from '@baykeeper/domain';
import { sessionTokenOf } from '@baykeeper/pki';
import {
  renderMetrics,
  type Configuration,
  type Ending,
  type ReadinessCheck,
  PRODUCT_VERSION,
  ReadinessProbe,
} from '@baykeeper/platform';
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
  createListenerIdentity,
  measureAudit,
  openAuditCollector,
  openInstallationMetrics,
  machineSubnetsOf,
  putBuiltIns,
  readinessChecks,
  seedCatalogue,
  type Caller,
  type Catalogue,
  type DefaultQuotas,
  type Installation,
} from '@baykeeper/services';
import { TOKENS_TOPIC, openRateLimiter } from '@baykeeper/queue';
import {
  openIdentity,
  openOwnSessions,
  type ExternalKeystone,
  type Identity,
  type IdentitySettings,
} from '@baykeeper/tenancy';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionDrain, type DrainTimes } from './http/connection-drain.js';
import { openAccessCheck } from './access/access-check.js';
import { openRequestLimit } from './access/request-limit.js';
import { ApiSettings } from './api-settings.js';
import { loginEntry } from './audit/collected-entries.js';
import type { ApiParts } from './api.module.js';
import { BayEvents } from './bays/bay-events.js';
import { EventStreams } from './events/event-streams.js';
import { ProjectEvents } from './events/project-events.js';
import { openStreamLimit } from './events/stream-limit.js';
import { BayRecords } from './bays/bay-records.js';
import { openDashboardSite } from './dashboard/dashboard-site.js';
import { SessionService } from './dashboard/session-service.js';
import { createApi } from './create-api.js';
import { openKeystone } from './external-keystone/open-keystone.js';
import { withExternalIdentity } from './external-keystone/with-external-identity.js';
import { IdentityService } from './identity/identity-service.js';
import { openLoginLimiter } from './identity/login-limiter.js';
import { openNodeListener } from './nodes/node-listener.js';
import { ProcessRecords } from './processes/processes.controller.js';
import { measureListenerIdentity, measureRequests } from './operations/service-metrics.js';
import { MetricsText } from './operations/health.controller.js';

/** Nodes come from anywhere; what they may do is decided by their tokens. */
const NODE_LISTENER_HOST = '0.0.0.0';
/** Requests under way get this long. While others go on, connections that clients keep are still answered on for a while. */
const STOPPED: DrainTimes = { lingerMs: 0, longestMs: 10_000 };
const GENTLE: DrainTimes = { lingerMs: 3_000, longestMs: 15_000 };
const REMOVE_OLD_ROWS_MILLISECONDS = 3_600_000;
/** Far more than an hour adds; few enough to hold nothing up. */
const AUDIT_BATCH = 50_000;

export interface Service {
  /** Takes no more requests, lets those under way end, and closes what was opened here. */
  close(ending: Ending): Promise<void>;
}

/** @throws BaykeeperError with what the operator has to correct */
export async function openService(
  installation: Installation,
  configuration: Configuration,
  log: Log,
): Promise<Service> {
  const { loginsPerMinute, loginsPerUserPerMinute, requestsPerSecond, trustedProxies, corsOrigins } = configuration;
  const audit = openAuditCollector({
    audit: installation.database.stores.audit,
    log,
    onDrop: measureAudit(installation.metrics),
  });
  const logins: Pick<IdentitySettings, 'limiter' | 'onLogin'> = {
    onLogin: (login) => {
      audit.add(loginEntry(login));
    },
    limiter: openLoginLimiter(openRateLimiter(installation.redis, log), {
      address: loginsPerMinute,
      user: loginsPerUserPerMinute,
    }),
  };
  const identity = openIdentity({
    database: installation.database,
    tokenHours: configuration.tokenHours,
    tellOthers: () => installation.signals.publish(TOKENS_TOPIC).catch(() => undefined),
    ...logins,
  });
  const keystone = await openKeystone(configuration, { database: installation.database, log, ...logins });
  const offered = await putBuiltIns(installation.database.stores, installation.drivers.compute.catalogue);
  const machineSubnets = machineSubnetsOf(offered);
  const parts = makeParts({ installation, configuration, identity, keystone, machineSubnets, log });
  const stopTelling = identity.watchTokens(() => {
    parts.streams.checkAgain();
  });
  const stopWatching = await parts.catalogue.watch(installation.signals);
  const stopListening = await installation.signals.subscribe(TOKENS_TOPIC, () => {
    identity.forgetTokens();
  });
  await makeFirstRows({ installation, configuration, identity, keystone, baymodels: parts.baymodels, log });
  const check = openAccessCheck({
    validate: (token) => (keystone ?? identity).validateToken(token),
    takeTurn: openRequestLimit(requestsPerSecond),
  });
  const identityUrl = keystone ? identityUrlOf(configuration) : undefined;

  const app = await createApi({
    parts,
    log,
    audit,
    access: identityUrl === undefined ? check : withExternalIdentity(check, identityUrl),
    identityUrl,
    trustedProxies,
    corsOrigins,
    observe: measureRequests(installation.metrics),
  });
  const server = app.getHttpAdapter().getInstance();
  const drain = new ConnectionDrain(app.getHttpServer());
  const nodes = await openNodeListener({
    port: configuration.nodePort,
    host: NODE_LISTENER_HOST,
    serve: (request, response) => {
      server.routing(request, response);
    },
    identity: measureListenerIdentity(installation.metrics, () =>
      createListenerIdentity(installation.controlPlaneDependencies),
    ),
    log,
  });
  await app.listen({ port: configuration.port, host: configuration.bind });
  const stopRemoving = removeOldRows(
    [
      () => identity.removeExpiredTokens(),
      () => installation.database.stores.audit.removeOlderThan(configuration.auditDays, AUDIT_BATCH),
    ],
    log,
  );

  return {
    async close(ending) {
      drain.announce();
      // Whoever asks at the ports of one that is replaced asks the other one.
      if (ending !== 'replaced') {
        parts.readiness.stop();
        await sleep(configuration.shutdownDelaySeconds * 1_000);
      }
      stopRemoving();
      stopTelling();
      stopWatching();
      stopListening();
      const times = ending === 'stopped' ? STOPPED : GENTLE;
      const ended = Promise.all([drain.end(times), nodes.close(times)]);
      // Not before no connection is taken here any more: whoever is sent away comes back at once.
      parts.streams.close();
      parts.enrolment.close();
      await ended;
      await app.close();
      await audit.close();
      keystone?.close();
    },
  };
}

interface PartsInput {
  readonly installation: Installation;
  readonly configuration: Configuration;
  readonly identity: Identity;
  /** The other identity service, if tokens are validated at one. */
  readonly keystone: ExternalKeystone | null;
  readonly machineSubnets: readonly string[];
  readonly log: Log;
}

function makeParts({ installation, configuration, identity, keystone, machineSubnets, log }: PartsInput): ApiParts {
  const { database, signals, drivers, pki, redis, masterKey, id, queue } = installation;
  const catalogue: Catalogue = {
    entries: new CatalogueLookup(database.stores.catalogue),
    serverTypes: ['vm'],
    machineSubnets,
  };
  const source = drivers.compute.catalogue;
  const { quotaBays: Cluster, quotaNodes: Node, quotaMasters: Master, quotaBaymodels: ClusterTemplate } = configuration;
  const defaults: DefaultQuotas = { Cluster, Node, Master, ClusterTemplate };
  const { streamsPerToken: perToken, streamsPerProject: perProject } = configuration;
  const streams = new EventStreams(openStreamLimit({ perToken, perProject }));
  const shared = { database, engines: drivers, signals, now: () => new Date() };
  const wishes = { ...shared, catalogue, quotas: defaults, capacity: () => drivers.compute.capacity() };
  const certificates = new Certificates({ ...shared, authorities: pki.authorities });
  const quotas = new Quotas({ database, defaults, findProject: keystone?.findProject ?? null });
  const checks = { ...readinessChecks({ database, redis }), ...(keystone && { keystone: askKeystone(keystone) }) };
  const whole = openInstallationMetrics({
    ...{ database, log },
    queue: { measure: async (now) => (await queue()).measure(now) },
  });
  return {
    settings: new ApiSettings(configuration.publicUrl, PRODUCT_VERSION, drivers.compute.name),
    baymodels: new Baymodels({ ...shared, catalogue, quotas: defaults }),
    catalogue: new CatalogueAdministration({ database, source, signals, lookup: catalogue.entries }),
    keypairs: new Keypairs(database),
    bays: new Bays(wishes),
    groups: new NodeGroups(wishes),
    previews: new Previews(wishes),
    rotations: new Rotations({ ...shared, controlIdentity: pki.controlIdentity }),
    quotas,
    site: openDashboardSite(),
    dashboard: new Dashboard({ database, quotas, now: shared.now }),
    processes: new ProcessRecords(database),
    artifacts: new Artifacts({ database, mirror: drivers.artifacts }),
    audit: new AuditTrail(database),
    certificates,
    credentials: new Credentials({ database, engines: drivers, certificates }),
    enrolment: new NodeEnrolment({
      ...shared,
      authorities: pki.authorities,
      controlIdentity: pki.controlIdentity,
      sessionToken: (nodeId, publicKeyHash) => sessionTokenOf(masterKey, nodeId, publicKeyHash),
      log,
    }),
    records: new BayRecords(database, drivers.loadBalancer, id, log),
    streams,
    events: new BayEvents(database, signals, streams),
    projectEvents: new ProjectEvents(database, signals, streams),
    identity: new IdentityService(identity),
    sessions: new SessionService(
      keystone?.sessions ?? openOwnSessions(identity),
      keystone ? identityUrlOf(configuration) : null,
    ),
    readiness: new ReadinessProbe(checks, (failing) => {
      log.warn({ failing }, 'the readiness changed');
    }),
    metrics: new MetricsText(async () => {
      const texts = await Promise.all([renderMetrics(installation.metrics), whole.render()]);
      return texts.join('');
    }),
  };
}

/** The first administrator and the public catalogue; made once, however many processes start. */
async function makeFirstRows(
  facts: Omit<PartsInput, 'machineSubnets'> & { readonly baymodels: Baymodels },
): Promise<void> {
  const { installation, baymodels, log } = facts;
  const owner = await ownerOfCatalogue(facts);
  if (owner === null) {
    log.info({}, 'making no administrator, because BAYKEEPER_ADMIN_PASSWORD is not set');
    return;
  }
  const directory = path.join(installation.drivers.templatesDirectory, 'baymodels');
  const added = await seedCatalogue(
    { database: installation.database, baymodels, log, directory },
    {
      ...{ projectId: owner.projectId, userId: owner.userId, userName: owner.userName },
      roles: ['admin', 'member', 'reader'],
      ...{ isSystemAdmin: true, requestId: null, address: null },
    },
  );
  if (added.length > 0) log.info({ baymodels: added }, 'adding to the catalogue');
}

/** Our own user at another Keystone; else the first administrator, who is made; null where there is neither. */
async function ownerOfCatalogue({
  identity,
  keystone,
  configuration,
}: Pick<PartsInput, 'identity' | 'keystone' | 'configuration'>): Promise<Pick<
  Caller,
  'projectId' | 'userId' | 'userName'
> | null> {
  if (keystone) return keystone.self;
  if (configuration.adminPassword === null) return null;
  const { project, user } = await identity.bootstrapAdministrator({ password: configuration.adminPassword });
  return { projectId: project.id, userId: user.id, userName: user.name };
}

/** Where clients reach the other Keystone. */
function identityUrlOf({ keystoneUrl, keystonePublicUrl }: Configuration): string {
  return `${keystonePublicUrl ?? keystoneUrl ?? ''}/v3`;
}

function askKeystone(keystone: ExternalKeystone): ReadinessCheck {
  return { ask: () => keystone.ping(), sentence: 'The Keystone does not answer.' };
}

function removeOldRows(removals: readonly (() => Promise<unknown>)[], log: Log): () => void {
  const timer = setInterval(() => {
    for (const remove of removals) {
      remove().catch((error: unknown) => {
        log.warn({ err: error }, 'removing old rows failed');
      });
    }
  }, REMOVE_OLD_ROWS_MILLISECONDS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
