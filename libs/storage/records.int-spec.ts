import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BayId, CertificateAuthorityId, ProjectId } from '@baykeeper/domain';
import type { NewCertificate, ToldCertificate } from './contracts/certificates.js';
import type { Database } from './contracts/stores.js';
import { openDatabase } from './database.js';
import { SYSTEM } from './scope.js';
import { makeNewNode, seedBay, seedProject, SOMEBODY, type SeededBay } from './testing/seed.js';
import { laterMillisecond } from './testing/later-millisecond.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

let server: TestDatabase;
let database: Database;
let projectId: ProjectId;
let seeded: SeededBay;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await openDatabase({ url: server.url });
  projectId = await seedProject(database.stores);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});
beforeEach(async () => {
  seeded = await seedBay(database.stores, projectId);
});

describe('certificates', () => {
  it('come from one authority per bay and purpose, whoever makes it first', async () => {
    const { certificateAuthorities } = database.stores;
    const { bay } = seeded;
    const authority = (certificatePem: string) => ({
      id: randomUUID() as CertificateAuthorityId,
      bayId: bay.id,
      purpose: 'cluster',
      certificatePem,
      encryptedKey: 'sealed',
      wrappedKey: 'wrapped',
    });
    const stored = await Promise.all(
      ['one', 'two', 'three'].map((pem) => certificateAuthorities.insert({ projectId }, authority(pem))),
    );
    expect(new Set(stored.map(({ id }) => id)).size).toBe(1);
    expect(await certificateAuthorities.findByBay({ projectId }, bay.id, 'cluster')).toEqual(stored[0]);
    expect(await certificateAuthorities.findByBay({ projectId }, bay.id, 'etcd')).toBeNull();
  });

  it('are listed in order, and revoked once', async () => {
    const { certificates } = database.stores;
    const { bay } = seeded;
    const issued = { bayId: bay.id, subject: 'CN=ada', kind: 'client', nodeId: null, userId: SOMEBODY } as const;
    const notAfter = new Date('2027-01-01T00:00:00Z');
    for (const serial of ['0b', '0a']) await certificates.insert({ projectId }, { ...issued, serial, notAfter });
    await expect(certificates.insert({ projectId }, { ...issued, serial: '0a', notAfter })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect((await certificates.listByBay(SYSTEM, bay.id)).map(({ serial }) => serial)).toEqual(['0b', '0a']);
    expect(await certificates.listRevoked(SYSTEM, bay.id)).toEqual([]);
    await certificates.revoke({ projectId }, bay.id, '0a');
    const revoked = await certificates.listRevoked(SYSTEM, bay.id);
    expect(revoked).toMatchObject([{ ...issued, projectId, serial: '0a', notAfter }]);
    await certificates.revoke({ projectId }, bay.id, '0a');
    expect(await certificates.listRevoked(SYSTEM, bay.id)).toEqual(revoked);
    await expect(certificates.revoke({ projectId }, bay.id, '0c')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('events', () => {
  const about = (message: string) => ({ projectId, nodeId: null, kind: 'node-ready', level: 'info', message }) as const;

  it('are told in order, from where the reader was', async () => {
    const { events } = database.stores;
    const bayId = seeded.bay.id;
    for (const message of ['one', 'two', 'three']) await events.append({ bayId, ...about(message) });
    const all = await events.list({ projectId }, bayId, { after: 0, limit: 10 });
    expect(all).toMatchObject([{ message: 'one', level: 'info' }, { message: 'two' }, { message: 'three' }]);
    expect(all[0]?.at).toBeInstanceOf(Date);
    const after = all[0]?.sequence ?? 0;
    expect(await events.list({ projectId }, bayId, { after, limit: 1 })).toEqual([all[1]]);
  });

  it('never appear behind one that was seen already', async () => {
    const { events } = database.stores;
    const bayId = seeded.bay.id;
    let later: Promise<void> = Promise.resolve();
    let seenMeanwhile: number[] = [];
    await database.transaction(async (stores) => {
      await stores.events.append({ bayId, ...about('began first') });
      later = events.append({ bayId, ...about('began second') });
      // Round trips on other connections: the second one has had its chance to get in front.
      await database.ping();
      await database.ping();
      seenMeanwhile = (await events.list(SYSTEM, bayId, { after: 0, limit: 10 })).map(({ sequence }) => sequence);
    });
    await later;
    const messages = (await events.list(SYSTEM, bayId, { after: Math.max(0, ...seenMeanwhile), limit: 10 })).map(
      ({ message }) => message,
    );
    expect(messages).toEqual(['began first', 'began second']);
  });

  it('of one bay do not wait for those of another', async () => {
    const other = await seedBay(database.stores, projectId);
    await database.transaction(async (stores) => {
      await stores.events.append({ bayId: seeded.bay.id, ...about('slow') });
      await database.stores.events.append({ bayId: other.bay.id, ...about('quick') });
    });
    expect(await database.stores.events.list(SYSTEM, other.bay.id, { after: 0, limit: 10 })).toHaveLength(1);
  });
});

describe('the outbox', () => {
  it('gives each row to one taker, and gives it again when that one failed', async () => {
    const own = await openDatabase({ url: await server.freshUrl() });
    try {
      const bayId = seeded.bay.id;
      for (let count = 0; count < 3; count += 1) await own.stores.outbox.append(bayId);
      const failing = own.transaction(async (first) => {
        expect(await first.outbox.take(2)).toHaveLength(2);
        await own.transaction(async (second) => {
          const rows = await second.outbox.take(10);
          expect(rows).toEqual([{ id: 3, bayId, traceparent: null, projectId: null }]);
          await second.outbox.remove(rows.map(({ id }) => id));
        });
        throw new Error('the queue is away');
      });
      await expect(failing).rejects.toThrow('the queue is away');
      const left = await own.transaction(({ outbox }) => outbox.take(10));
      expect(left.map(({ id }) => id)).toEqual([1, 2]);
    } finally {
      await own.close();
    }
  });

  it('can be taken from inside a transaction only', async () => {
    await expect(database.stores.outbox.take(1)).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('the certificate of a node', () => {
  it('is not recorded once the node is to go, and is taken back with it when it came just before', async () => {
    const { certificates, nodes } = database.stores;
    const { bay, workers } = await seedBay(database.stores, projectId);
    const node = makeNewNode(workers, 0);
    await nodes.insertMany([node]);
    const certificate = (serial: string): NewCertificate => ({
      ...{ bayId: bay.id, projectId, serial, subject: 'CN=web-worker-0', kind: 'node', nodeId: node.id, userId: null },
      notAfter: new Date(Date.now() + 3_600_000),
    });
    const serials = [randomUUID(), randomUUID(), randomUUID()] as const;
    expect(await certificates.insertMany([certificate(serials[0])])).toEqual(new Set([serials[0]]));

    // Written and not committed yet, while the node is told to go.
    let leaving: Promise<unknown> = Promise.resolve();
    await database.transaction(async (stores) => {
      await stores.certificates.insertMany([certificate(serials[1])]);
      leaving = nodes
        .recordFacts(node.id, { removalRequestedAt: new Date() })
        .then(() => certificates.revokeByNode(node.id));
      // Long enough for whoever does not wait to be done.
      for (let turn = 0; turn < 50; turn += 1) await stores.certificates.countByNode(node.id);
    });
    await leaving;
    expect(await certificates.insertMany([certificate(serials[2])])).toEqual(new Set());
    const kept = await certificates.listByBay({ projectId }, bay.id);
    expect(kept.map(({ serial, revokedAt }) => [serial, revokedAt === null])).toEqual([
      [serials[0], false],
      [serials[1], false],
    ]);
  });
});

it('writes a certificate with its event and its audit entry, and none of them where the bay is gone or foreign', async () => {
  const { certificates, events, audit } = database.stores;
  const { bay } = await seedBay(database.stores, projectId);
  const told = (serial: string, over: Partial<NewCertificate> = {}): ToldCertificate => {
    const whose = { bayId: bay.id, projectId, ...over };
    return {
      certificate: {
        ...whose,
        serial,
        subject: 'CN=ada',
        kind: 'client',
        nodeId: null,
        userId: null,
        notAfter: new Date(),
      },
      event: { ...whose, nodeId: null, kind: 'certificate-signed', level: 'info', message: `Signed ${serial}.` },
      audit: {
        ...{ projectId, userId: null, userName: null, action: 'certificate:create', outcome: 'success', detail: null },
        ...{ targetKind: 'cluster', targetId: serial, targetName: null, requestId: null, address: null },
      },
    };
  };
  const serials: string[] = Array.from({ length: 5 }, () => randomUUID());
  const gone = told(randomUUID(), { bayId: randomUUID() as BayId });
  const foreign = told(randomUUID(), { projectId: randomUUID() as ProjectId });
  const all = [...serials.map((serial) => told(serial)), gone, foreign];
  expect(await certificates.insertTold(all)).toEqual(new Set(serials));
  expect((await certificates.listByBay({ projectId }, bay.id)).map(({ serial }) => serial).sort()).toEqual(
    serials.toSorted(),
  );
  const range = { after: 0, limit: 100 };
  expect((await events.list({ projectId }, bay.id, range)).map(({ message }) => message)).toEqual(
    serials.map((serial) => `Signed ${serial}.`),
  );
  const targets: (string | null)[] = (await audit.list(projectId, { limit: 100, before: null })).map(
    ({ targetId }) => targetId,
  );
  expect(targets.filter((id) => id !== null && serials.includes(id)).sort()).toEqual(serials.toSorted());
  expect(targets).not.toContain(gone.certificate.serial);
  expect(targets).not.toContain(foreign.certificate.serial);

  // A serial used twice: nothing of the batch is there.
  const fresh = told(randomUUID());
  await expect(certificates.insertTold([fresh, told(serials[0] ?? '')])).rejects.toMatchObject({ code: 'conflict' });
  expect(await events.list({ projectId }, bay.id, range)).toHaveLength(serials.length);
});

it('takes back the certificate of a node that is forgotten and never left', async () => {
  const { certificates, nodes } = database.stores;
  const { bay, workers } = await seedBay(database.stores, projectId);
  const node = makeNewNode(workers, 0);
  await nodes.insertMany([node]);
  const whose = { bayId: bay.id, projectId, kind: 'node', nodeId: node.id, userId: null } as const;
  const serial = randomUUID();
  await certificates.insertMany([{ ...whose, serial, subject: 'CN=web-worker-0', notAfter: new Date(2 ** 42) }]);
  await nodes.removeMany([node.id]);
  expect((await certificates.listRevoked(SYSTEM, bay.id)).map((record) => record.serial)).toEqual([serial]);
});

describe('the ledger', () => {
  it('shows what was begun and not finished, and counts the tries', async () => {
    const { operations } = database.stores;
    const bayId = seeded.bay.id;
    const operation = { id: `${bayId}.lb`, bayId, nodeId: null, kind: 'ensure-load-balancer' };
    await operations.begin(operation);
    expect(await operations.listOpen(bayId)).toMatchObject([{ ...operation, attempts: 1 }]);
    await operations.finish(operation.id, { error: 'No address is left.' });
    expect(await operations.listOpen(bayId)).toEqual([]);
    expect(await operations.lastErrors([operation.id, 'another'])).toEqual(
      new Map([[operation.id, 'No address is left.']]),
    );
    await operations.begin(operation);
    expect(await operations.lastErrors([operation.id])).toEqual(new Map());
    expect(await operations.listOpen(bayId)).toMatchObject([{ ...operation, attempts: 2 }]);
    await operations.finish(operation.id, { error: null });
    expect(await operations.listOpen(bayId)).toEqual([]);
  });
});

describe('a setting', () => {
  it('is what its first writer made of it', async () => {
    const { settings } = database.stores;
    const values = await Promise.all(['a', 'b', 'c'].map((value) => settings.ensure('installation', () => value)));
    expect(new Set(values).size).toBe(1);
    expect(await settings.ensure('installation', () => 'late')).toBe(values[0]);
  });
});

describe('the project of another identity service', () => {
  it('gets its row once, under its own id, whoever sees it first', async () => {
    const { projects } = database.stores;
    const id = randomUUID().replaceAll('-', '') as ProjectId;
    await Promise.all([projects.ensureForeign(id), projects.ensureForeign(id)]);
    const { bay } = await seedBay(database.stores, id);
    await projects.ensureForeign(id);
    expect(bay.projectId).toBe(id);
    expect(await projects.findByName(id)).toMatchObject({ id, name: id });
  });

  it('forgets what a process that died left open, once its bay was looked at again and is as wished', async () => {
    const { bays, operations } = database.stores;
    const { bay } = await seedBay(database.stores, projectId);
    const ended = (): Promise<number> => operations.finishForgotten({ error: 'Nobody said how it went.' });
    const open = async (): Promise<number> => (await operations.listOpen(bay.id)).length;
    await operations.begin({ id: `${bay.id}.lb`, bayId: bay.id, nodeId: null, kind: 'ensure-load-balancer' });
    await ended();
    expect(await open()).toBe(1);
    await laterMillisecond();
    const lease = await bays.acquireLease(bay.id, 'test', 60);
    await ended();
    expect(await open()).toBe(1);
    await bays.saveFacts(bay.id, lease?.token ?? 0, { settledGeneration: 1, status: 'CREATE_COMPLETE' });
    await ended();
    // A pass is under way.
    expect(await open()).toBe(1);
    await bays.releaseLease(bay.id, lease?.token ?? 0);
    expect(await ended()).toBe(1);
    expect(await open()).toBe(0);
    await laterMillisecond();
    await operations.begin({ id: `${bay.id}.lb`, bayId: bay.id, nodeId: null, kind: 'ensure-load-balancer' });
    // Begun after the last look.
    expect(await ended()).toBe(0);
    expect(await open()).toBe(1);
  });
});
