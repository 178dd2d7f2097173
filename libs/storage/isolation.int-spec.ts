/**
 * One project against another: every method of every store that takes a scope is called with the other project's rows.
 * The table below is complete because the compiler says so, and a method without scope has to be listed as such.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Baymodel, CertificateAuthorityId, LoadBalancerId, NodeId, ProjectId } from '@baykeeper/domain';
import { makeBay, makeGroup } from '@baykeeper/domain/testing/builders.js';
import type { Database, Stores } from './contracts/stores.js';
import { createDataSource } from './data-source.js';
import { openDatabase } from './database.js';
import { ENTITIES } from './entities/index.js';
import { FIRST_PAGE } from './page.js';
import { SYSTEM, type Scope } from './scope.js';
import { makeNewBaymodel, makeNewNode, seedBay, seedBaymodel, seedProject, type SeededBay } from './testing/seed.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

/** Everything of the project that must not be seen or touched. */
interface Victim extends SeededBay {
  readonly projectId: ProjectId;
  readonly baymodel: Baymodel;
  readonly nodeId: NodeId;
  readonly balancer: LoadBalancerId;
}

type Outcome = 'not-found' | 'forbidden' | 'nothing';
interface Probe {
  readonly outcome: Outcome;
  readonly call: (stores: Stores, scope: Scope, victim: Victim) => Promise<unknown>;
}
type Probed<Method> = Method extends () => unknown
  ? 'takes no scope'
  : Method extends (first: infer First, ...rest: never[]) => unknown
    ? Scope extends First
      ? readonly [Probe, ...Probe[]]
      : 'takes no scope'
    : never;
type Probes = { readonly [S in keyof Stores]: { readonly [M in keyof Stores[S]]: Probed<Stores[S][M]> } };

const missing = (call: Probe['call']): Probe => ({ outcome: 'not-found', call });
const refused = (call: Probe['call']): Probe => ({ outcome: 'forbidden', call });
const nothing = (call: Probe['call']): Probe => ({ outcome: 'nothing', call });
const UNSCOPED = 'takes no scope';

const CATALOGUE_ENTRIES = {
  insert: UNSCOPED,
  find: UNSCOPED,
  list: UNSCOPED,
  update: UNSCOPED,
  remove: UNSCOPED,
  isReferenced: UNSCOPED,
} as const;

const PROBES: Probes = {
  settings: { ensure: UNSCOPED },
  projects: {
    insert: UNSCOPED,
    ensure: UNSCOPED,
    ensureForeign: UNSCOPED,
    findById: UNSCOPED,
    findByName: UNSCOPED,
    list: UNSCOPED,
    lock: UNSCOPED,
    update: UNSCOPED,
    remove: UNSCOPED,
  },
  users: {
    insert: UNSCOPED,
    ensure: UNSCOPED,
    findById: UNSCOPED,
    findByName: UNSCOPED,
    setPassword: UNSCOPED,
    replaceHash: UNSCOPED,
    list: UNSCOPED,
    update: UNSCOPED,
    remove: UNSCOPED,
    recordFailedLogin: UNSCOPED,
    completeLogin: UNSCOPED,
    isKnownAddress: UNSCOPED,
    removeOldAddresses: UNSCOPED,
  },
  roleAssignments: {
    assign: UNSCOPED,
    unassign: UNSCOPED,
    list: UNSCOPED,
    listAll: UNSCOPED,
    listHolders: UNSCOPED,
  },
  tokens: {
    ...{ insert: UNSCOPED, find: UNSCOPED, revoke: UNSCOPED },
    ...{ revokeByUser: UNSCOPED, revokeByProject: UNSCOPED, removeExpired: UNSCOPED },
  },
  applicationCredentials: {
    insert: UNSCOPED,
    find: UNSCOPED,
    findByName: UNSCOPED,
    list: UNSCOPED,
    countByUser: UNSCOPED,
    remove: UNSCOPED,
  },
  // The catalogue belongs to no project, keypairs to a user: catalogue.int-spec.ts has their probes.
  flavors: CATALOGUE_ENTRIES,
  images: CATALOGUE_ENTRIES,
  networks: CATALOGUE_ENTRIES,
  catalogue: { resolve: UNSCOPED, putBuiltIns: UNSCOPED, machineNeeds: UNSCOPED },
  keypairs: { insert: UNSCOPED, find: UNSCOPED, count: UNSCOPED, list: UNSCOPED, remove: UNSCOPED },
  baymodels: {
    insert: [refused(({ baymodels }, scope, { projectId }) => baymodels.insert(scope, makeNewBaymodel(projectId)))],
    find: [
      missing(({ baymodels }, scope, { baymodel }) => baymodels.find(scope, baymodel.id)),
      missing(({ baymodels }, scope, { baymodel }) => baymodels.find(scope, baymodel.name)),
    ],
    list: [
      nothing(({ baymodels }, scope) => baymodels.list(scope, FIRST_PAGE)),
      missing(({ baymodels }, scope, { baymodel }) => baymodels.list(scope, { ...FIRST_PAGE, marker: baymodel.id })),
    ],
    update: [missing(({ baymodels }, scope, { baymodel }) => baymodels.update(scope, baymodel.id, { name: 'taken' }))],
    remove: [missing(({ baymodels }, scope, { baymodel }) => baymodels.remove(scope, baymodel.id))],
    isReferenced: UNSCOPED,
  },
  bayViews: {
    find: [
      missing(({ bayViews }, scope, { bay }) => bayViews.find(scope, bay.id)),
      missing(({ bayViews }, scope, { bay }) => bayViews.find(scope, bay.name)),
    ],
    page: [
      nothing(({ bayViews }, scope) => bayViews.page(scope, FIRST_PAGE)),
      missing(({ bayViews }, scope, { bay }) => bayViews.page(scope, { ...FIRST_PAGE, marker: bay.id })),
    ],
    summaries: [nothing(({ bayViews }, scope, { bay }) => bayViews.summaries(scope, [bay.id]))],
    versions: [nothing(({ bayViews }, scope, { bay }) => bayViews.versions(scope, [bay.id]))],
    overviews: [nothing(({ bayViews }, scope, { bay }) => bayViews.overviews(scope, [bay.id]))],
  },
  dashboards: {
    countByStatus: [nothing(async ({ dashboards }, scope) => [...(await dashboards.countByStatus(scope))])],
    listCards: [
      nothing(({ dashboards }, scope) => dashboards.listCards(scope, { limit: 10, after: null })),
      nothing(({ dashboards }, scope, { bay }) => dashboards.listCards(scope, { limit: 10, after: bay.id })),
    ],
    drawGroups: [nothing(({ dashboards }, scope, { bay }) => dashboards.drawGroups(scope, bay.id, 10))],
    listEvents: [nothing(({ dashboards }, scope) => dashboards.listEvents(scope, 10))],
    listExpiring: [nothing(({ dashboards }, scope) => dashboards.listExpiring(scope, new Date(2 ** 43), 10))],
  },
  bays: {
    insert: [
      refused(({ bays }, scope, { projectId, baymodel }) =>
        bays.insert(scope, makeBay({ projectId, baymodelId: baymodel.id }), []),
      ),
      refused(({ bays }, scope, { workers, baymodel, projectId }) =>
        bays.insert(scope, makeBay({ projectId: ownProjectOf(scope), baymodelId: baymodel.id }), [
          makeGroup({ bayId: workers.bayId, projectId }),
        ]),
      ),
    ],
    find: [
      missing(({ bays }, scope, { bay }) => bays.find(scope, bay.id)),
      missing(({ bays }, scope, { bay }) => bays.find(scope, bay.name)),
    ],
    changeWish: [missing(({ bays }, scope, { bay }) => bays.changeWish(scope, bay.id, { fields: { name: 'taken' } }))],
    requestDeletion: [missing(({ bays }, scope, { bay }) => bays.requestDeletion(scope, bay.id))],
    countByProject: UNSCOPED,
    get: UNSCOPED,
    getForNode: UNSCOPED,
    acquireLease: UNSCOPED,
    renewLease: UNSCOPED,
    releaseLease: UNSCOPED,
    holdsLease: UNSCOPED,
    saveFacts: UNSCOPED,
    remove: UNSCOPED,
    listToSweep: UNSCOPED,
  },
  nodeGroups: {
    insert: [
      missing(({ nodeGroups }, scope, { bay }) =>
        nodeGroups.insert(
          scope,
          makeGroup({ bayId: bay.id, projectId: ownProjectOf(scope), isDefault: false, name: 'x' }),
        ),
      ),
      refused(({ nodeGroups }, scope, { bay, projectId }) =>
        nodeGroups.insert(scope, makeGroup({ bayId: bay.id, projectId, isDefault: false, name: 'x' })),
      ),
    ],
    update: [
      missing(({ nodeGroups }, scope, { workers }) => nodeGroups.update(scope, workers.id, { minNodeCount: 1 })),
    ],
    requestDeletion: [missing(({ nodeGroups }, scope, { workers }) => nodeGroups.requestDeletion(scope, workers.id))],
    remove: UNSCOPED,
    views: [nothing(({ nodeGroups }, scope, { bay }) => nodeGroups.views(scope, bay.id))],
    listByBay: [nothing(({ nodeGroups }, scope, { bay }) => nodeGroups.listByBay(scope, bay.id))],
    listByBays: [nothing(({ nodeGroups }, scope, { bay }) => nodeGroups.listByBays(scope, [bay.id]))],
    find: [
      missing(({ nodeGroups }, scope, { bay, workers }) => nodeGroups.find(scope, bay.id, workers.id)),
      missing(({ nodeGroups }, scope, { bay, workers }) => nodeGroups.find(scope, bay.id, workers.name)),
      missing(({ nodeGroups }, scope, { bay }) => nodeGroups.find(scope, bay.id, '1')),
    ],
    setNodeCount: [missing(({ nodeGroups }, scope, { workers }) => nodeGroups.setNodeCount(scope, workers.id, 9))],
    takeOrdinals: UNSCOPED,
    reserveOrdinals: UNSCOPED,
  },
  nodes: {
    pageByBay: [nothing(({ nodes }, scope, { bay }) => nodes.pageByBay(scope, bay.id, { limit: 10, after: null }))],
    listByBay: [nothing(({ nodes }, scope, { bay }) => nodes.listByBay(scope, bay.id))],
    listByBays: [nothing(({ nodes }, scope, { bay }) => nodes.listByBays(scope, [bay.id]))],
    listMasters: [nothing(({ nodes }, scope, { bay }) => nodes.listMasters(scope, bay.id))],
    find: [nothing(({ nodes }, scope, { nodeId }) => nodes.find(scope, nodeId))],
    insertMany: UNSCOPED,
    recordFacts: UNSCOPED,
    recordFactsOfMany: UNSCOPED,
    readByBay: UNSCOPED,
    remove: UNSCOPED,
    removeMany: UNSCOPED,
    existingIds: UNSCOPED,
    setEnrolmentToken: UNSCOPED,
    recordEngineStates: UNSCOPED,
    recordEngineStart: UNSCOPED,
    bindEnrolment: UNSCOPED,
    findByEnrolmentToken: UNSCOPED,
    findBySessionToken: UNSCOPED,
  },
  loadBalancers: {
    findByBay: [nothing(({ loadBalancers }, scope, { bay }) => loadBalancers.findByBay(scope, bay.id))],
    insert: UNSCOPED,
    recordFacts: UNSCOPED,
    listMembers: [nothing(({ loadBalancers }, scope, { balancer }) => loadBalancers.listMembers(scope, balancer))],
    readMembers: UNSCOPED,
    beginMembers: UNSCOPED,
    confirmMembers: UNSCOPED,
    listAll: UNSCOPED,
    existingIds: UNSCOPED,
  },
  certificateAuthorities: {
    insert: [
      missing(({ certificateAuthorities }, scope, { bay }) =>
        certificateAuthorities.insert(scope, makeAuthority(bay.id, 'etcd')),
      ),
      missing(({ certificateAuthorities }, scope, { bay }) =>
        certificateAuthorities.insert(scope, makeAuthority(bay.id, 'cluster')),
      ),
    ],
    findByBay: [
      nothing(({ certificateAuthorities }, scope, { bay }) =>
        certificateAuthorities.findByBay(scope, bay.id, 'cluster'),
      ),
    ],
  },
  certificates: {
    insert: [missing(({ certificates }, scope, { bay }) => certificates.insert(scope, makeCertificate(bay.id, '02')))],
    insertTold: UNSCOPED,
    insertMany: UNSCOPED,
    revoke: [missing(({ certificates }, scope, { bay }) => certificates.revoke(scope, bay.id, '01'))],
    revokeByNode: UNSCOPED,
    countByNode: UNSCOPED,
    listRevoked: [nothing(({ certificates }, scope, { bay }) => certificates.listRevoked(scope, bay.id))],
    pageByEnd: [
      nothing(({ certificates }, scope, { bay }) =>
        certificates.pageByEnd(scope, bay.id, { kind: null, after: null, limit: 9 }),
      ),
    ],
    listByBay: [nothing(({ certificates }, scope, { bay }) => certificates.listByBay(scope, bay.id))],
  },
  events: {
    append: UNSCOPED,
    appendMany: UNSCOPED,
    list: [nothing(({ events }, scope, { bay }) => events.list(scope, bay.id, { after: 0, limit: 100 }))],
    listOfProject: [
      nothing(({ events }, scope) =>
        events.listOfProject(scope, { after: { transaction: 0, sequence: 0 }, limit: 100 }),
      ),
    ],
    latestPosition: UNSCOPED,
  },
  outbox: { append: UNSCOPED, appendMany: UNSCOPED, take: UNSCOPED, remove: UNSCOPED },
  operations: {
    begin: UNSCOPED,
    finish: UNSCOPED,
    finishForgotten: UNSCOPED,
    lastErrors: UNSCOPED,
    listOpen: UNSCOPED,
  },
  audit: { append: UNSCOPED, appendMany: UNSCOPED, list: UNSCOPED, removeOlderThan: UNSCOPED },
  quotas: {
    insert: UNSCOPED,
    find: UNSCOPED,
    list: UNSCOPED,
    setLimit: UNSCOPED,
    remove: UNSCOPED,
    usage: UNSCOPED,
    takeTurn: UNSCOPED,
    countBays: UNSCOPED,
  },
  measures: { read: UNSCOPED, readExpiry: UNSCOPED },
  processes: {
    isAnyUp: UNSCOPED,
    report: UNSCOPED,
    reportStopped: UNSCOPED,
    list: 'takes no scope',
    removeForgotten: 'takes no scope',
  },
};

function ownProjectOf(scope: Scope): ProjectId {
  if (scope === SYSTEM) throw new Error('a project is expected');
  return scope.projectId;
}

function makeAuthority(bayId: SeededBay['bay']['id'], purpose: string) {
  const id = randomUUID() as CertificateAuthorityId;
  return { id, bayId, purpose, certificatePem: 'pem', encryptedKey: 'sealed', wrappedKey: 'wrapped' };
}

function makeCertificate(bayId: SeededBay['bay']['id'], serial: string) {
  const notAfter = new Date('2027-01-01T00:00:00Z');
  return { bayId, serial, subject: 'CN=ada', kind: 'client', nodeId: null, userId: null, notAfter } as const;
}

async function seedVictim(stores: Stores): Promise<Victim> {
  const projectId = await seedProject(stores);
  const baymodel = await seedBaymodel(stores, projectId, { name: 'secret-model' });
  const seeded = await seedBay(stores, projectId, { name: 'secret-bay' });
  const { bay, workers } = seeded;
  const node = makeNewNode(workers, 0);
  await stores.nodes.insertMany([node]);
  const balancer = randomUUID() as LoadBalancerId;
  await stores.loadBalancers.insert({
    id: balancer,
    bayId: bay.id,
    projectId,
    listeners: [],
    requestedAt: null,
  });
  const member = { nodeId: node.id, name: node.name, address: '192.0.2.1', port: 80 };
  await stores.loadBalancers.beginMembers(balancer, { web: { put: [member], remove: [] } });
  await stores.certificateAuthorities.insert(SYSTEM, makeAuthority(bay.id, 'cluster'));
  await stores.certificates.insert(SYSTEM, makeCertificate(bay.id, '00'));
  await stores.certificates.insert(SYSTEM, makeCertificate(bay.id, '01'));
  await stores.certificates.revoke(SYSTEM, bay.id, '00');
  await stores.events.append({
    bayId: bay.id,
    projectId,
    nodeId: null,
    kind: 'node-ready',
    level: 'info',
    message: 'm',
  });
  return { ...seeded, projectId, baymodel, nodeId: node.id, balancer };
}

describe('a project', () => {
  let server: TestDatabase;
  let database: Database;
  let victim: Victim;
  let foreign: Scope;
  let own: Scope;

  beforeAll(async () => {
    server = await startTestDatabase();
    database = await openDatabase({ url: server.url });
    victim = await seedVictim(database.stores);
    own = { projectId: victim.projectId };
    foreign = { projectId: await seedProject(database.stores) };
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  /** Everything that is stored, as text. */
  async function dump(): Promise<string> {
    const source = createDataSource({ url: server.url }, { poolSize: 1 });
    await source.initialize();
    try {
      const tables: unknown[] = [];
      for (const entity of ENTITIES) {
        const { tableName } = source.getMetadata(entity);
        tables.push(await source.query(`SELECT to_jsonb(t) AS row FROM ${tableName} t ORDER BY to_jsonb(t)::text`));
      }
      return JSON.stringify(tables);
    } finally {
      await source.destroy();
    }
  }

  const probes = Object.entries(PROBES).flatMap(([store, methods]) =>
    Object.entries(methods as Record<string, readonly Probe[] | typeof UNSCOPED>).flatMap(([method, list]) =>
      list === UNSCOPED ? [] : list.map((probe, index) => ({ name: `${store}.${method} (${index + 1})`, probe })),
    ),
  );

  it.each(probes)("neither sees nor touches what is another one's: $name", async ({ probe }) => {
    const before = await dump();
    const call = probe.call(database.stores, foreign, victim);
    if (probe.outcome === 'nothing') {
      const seen = await call;
      expect(seen === null || (Array.isArray(seen) && seen.length === 0)).toBe(true);
    } else {
      await expect(call).rejects.toMatchObject({ code: probe.outcome });
    }
    expect(await dump()).toBe(before);
  });

  it("can't change another one's node group through a bay of its own", async () => {
    const mine = await seedBay(database.stores, ownProjectOf(foreign));
    const before = await dump();
    const nodeCounts = [{ nodeGroupId: victim.workers.id, nodeCount: 9 }];
    await expect(database.stores.bays.changeWish(foreign, mine.bay.id, { nodeCounts })).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(await dump()).toBe(before);
  });

  it("can't hang a row of its own on another one's bay", async () => {
    const row = makeNewNode(victim.workers, 7, { projectId: ownProjectOf(foreign) });
    await expect(database.stores.nodes.insertMany([row])).rejects.toMatchObject({ code: 'conflict' });
  });

  it('sees and changes all of its own', async () => {
    const { stores } = database;
    const { bay, baymodel, workers, nodeId } = victim;
    expect(await stores.baymodels.find(own, 'secret-model')).toMatchObject({ id: baymodel.id });
    expect(await stores.bays.find(own, 'secret-bay')).toMatchObject({ id: bay.id });
    expect(await stores.bayViews.page(own, FIRST_PAGE)).toHaveLength(1);
    expect(await stores.nodeGroups.setNodeCount(own, workers.id, 4)).toMatchObject({ nodeCount: 4 });
    expect(await stores.nodes.find(own, nodeId)).toMatchObject({ name: 'web-worker-0' });
    expect(await stores.nodes.listByBay(own, bay.id)).toHaveLength(1);
    expect(await stores.loadBalancers.findByBay(own, bay.id)).toMatchObject({ bayId: bay.id });
    expect(await stores.loadBalancers.listMembers(own, victim.balancer)).toHaveLength(1);
    expect(await stores.certificateAuthorities.findByBay(own, bay.id, 'cluster')).toMatchObject({ bayId: bay.id });
    expect(await stores.certificates.listRevoked(own, bay.id)).toHaveLength(1);
    expect(await stores.certificates.listByBay(own, bay.id)).toHaveLength(2);
    expect(await stores.events.list(own, bay.id, { after: 0, limit: 10 })).toHaveLength(1);
    expect(await stores.dashboards.listCards(own, { limit: 10, after: null })).toMatchObject([{ id: bay.id }]);
    expect(await stores.dashboards.listEvents(own, 10)).toMatchObject([{ bayId: bay.id, bayName: bay.name }]);
    expect([...(await stores.dashboards.countByStatus(own)).values()]).toEqual([1]);
  });

  it('sees public baymodels of others, hidden ones not, and changes neither', async () => {
    const { baymodels } = database.stores;
    const shown = await seedBaymodel(database.stores, victim.projectId, { name: 'catalogue', public: true });
    const hidden = await seedBaymodel(database.stores, victim.projectId, { name: 'old', public: true, hidden: true });
    expect((await baymodels.list(foreign, FIRST_PAGE)).map(({ name }) => name)).toContain('catalogue');
    expect((await baymodels.list(foreign, FIRST_PAGE)).map(({ name }) => name)).not.toContain('old');
    expect(await baymodels.find(foreign, 'catalogue')).toMatchObject({ id: shown.id });
    await expect(baymodels.find(foreign, hidden.id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(baymodels.update(foreign, shown.id, { name: 'mine' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(baymodels.remove(foreign, shown.id)).rejects.toMatchObject({ code: 'not-found' });
    expect(await baymodels.find(own, 'old')).toMatchObject({ id: hidden.id });
  });
});
