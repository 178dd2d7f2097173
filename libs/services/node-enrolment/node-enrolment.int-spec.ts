import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { BaykeeperError, type Log } from '@baykeeper/domain';
import { waitUntil } from '@baykeeper/platform/embedded/process-tools.js';
import { enrolmentTokenOf, hashOfToken, sessionTokenOf } from '@baykeeper/pki';
import { P256, openOpenssl, type Openssl } from '@baykeeper/pki/testing/openssl.js';
import { openDatabase, SYSTEM, type Database, type NodeFacts } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { openBayPki } from '../certificates/bay-pki.js';
import { insertTestBay, openTestSignals, vault, type TestBay, type TestSignals } from '../testing/test-bay.js';
import { openTestEngine, type TestEngine } from '../testing/test-engine.js';
import { NodeEnrolment } from './node-enrolment.js';

const MASTER_KEY = Buffer.alloc(32, 1);
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let server: TestDatabase;
let database: Database;
let openssl: Openssl;
let csr: string;
let otherCsr: string;
let engines: TestEngine;
let signals: TestSignals;
let enrolment: NodeEnrolment;
let world: TestBay;
let token: string;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await openDatabase({ url: server.url });
  openssl = await openOpenssl();
  csr = await openssl.request('node', P256, '-subj', '/CN=mallory');
  otherCsr = await openssl.request('other', P256, '-subj', '/CN=mallory');
}, 60_000);
afterAll(async () => {
  await openssl.remove();
  await database.close();
  await server.stop();
});
beforeEach(async () => {
  engines = openTestEngine();
  signals = openTestSignals();
  await enter(await insertTestBay(database));
});

async function enter(bay: TestBay): Promise<void> {
  world = bay;
  enrolment = new NodeEnrolment({
    ...{ database, engines, signals, log: silent, now: () => new Date() },
    ...openBayPki({ database, vault, engines }),
    sessionToken: (nodeId, publicKeyHash) => sessionTokenOf(MASTER_KEY, nodeId, publicKeyHash),
  });
  token = enrolmentTokenOf(MASTER_KEY, world.node.id);
  await database.stores.nodes.setEnrolmentToken(world.node.id, hashOfToken(token));
}

const node = async (): Promise<TestBay['node'] | null> => database.stores.nodes.find(SYSTEM, world.node.id);
const record = (facts: Partial<NodeFacts>): Promise<void> => database.stores.nodes.recordFacts(world.node.id, facts);
const events = async (): Promise<string[]> =>
  (await database.stores.events.list(SYSTEM, world.bay.id, { after: 0, limit: 100 })).map(({ message }) => message);
const enrolled = async (): Promise<string> => (await enrolment.certificate(world.node.id, token, csr)).sessionToken;

/** An enrolment that counts how often it reads a whole bay. */
function countingReadings(): { shared: NodeEnrolment; readings: () => number } {
  let readings = 0;
  const counting: Database = {
    ...database,
    transaction: (work) => database.transaction(work),
    stores: {
      ...database.stores,
      nodes: new Proxy(database.stores.nodes, {
        get(target, name, receiver) {
          if (name === 'listMasters') readings += 1;
          const value: unknown = Reflect.get(target, name, receiver);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      }),
    },
  };
  const shared = new NodeEnrolment({
    ...{ database: counting, engines, signals, log: silent, now: () => new Date(), sessionToken: () => '' },
    ...openBayPki({ database, vault, engines }),
  });
  return { shared, readings: () => readings };
}

describe('a node asks for its certificate', () => {
  test('and gets one for its key with the names the engine decides, and its authority', async () => {
    const { pem } = await enrolment.certificate(world.node.id, token, csr);
    const [own = '', authority = '', ...rest] = pem.split(/(?<=-----END CERTIFICATE-----\n)/);
    expect(rest).toEqual([]);
    await openssl.write('own.pem', own);
    await openssl.write('ca.pem', authority);
    for (const purpose of ['sslserver', 'sslclient']) {
      const { output } = await openssl.run(
        ...['verify', '-x509_strict', '-purpose', purpose, '-verify_ip', '203.0.113.7', '-CAfile', 'ca.pem', 'own.pem'],
      );
      expect(output.trim()).toBe('own.pem: OK');
    }
    const certificate = new X509Certificate(own);
    expect(certificate.subject).toBe('CN=web-master-0');
    expect(certificate.subjectAltName).toBe(
      'DNS:localhost, DNS:web-master-0, IP Address:127.0.0.1, IP Address:10.0.0.2, IP Address:203.0.113.7',
    );
    expect((await openssl.run('pkey', '-in', 'node.key', '-pubout')).output).toBe(
      (await openssl.run('x509', '-in', 'own.pem', '-noout', '-pubkey')).output,
    );
  });

  test('and that is recorded, told once, and wakes the reconciler', async () => {
    await enrolment.certificate(world.node.id, token, csr);
    await enrolment.certificate(world.node.id, token, csr);
    expect((await node())?.certifiedAt).toBeInstanceOf(Date);
    expect(await events()).toEqual(['web-master-0 has its certificate.']);
    expect(signals.published).toContain('outbox');
    expect(signals.published).toContain(`bay:${world.bay.id}`);
    const issued = await database.stores.certificates.listByBay(SYSTEM, world.bay.id);
    expect(issued.map(({ kind, nodeId, userId }) => [kind, nodeId, userId])).toEqual([
      ['node', world.node.id, null],
      ['node', world.node.id, null],
    ]);
    const rows = await database.transaction((stores) => stores.outbox.take(1_000));
    expect(rows.filter(({ bayId }) => bayId === world.bay.id).length).toBeGreaterThanOrEqual(2);
  });

  test('so often that it is not well, and gets no more of them', async () => {
    const authority = { bayId: world.bay.id, subject: 'CN=web-master-0', kind: 'node', userId: null } as const;
    const given = Array.from({ length: 32 }, (_value, index) => `${world.node.id}${String(index)}`);
    for (const serial of given) {
      const row = { ...authority, serial, nodeId: world.node.id, notAfter: new Date() };
      await database.stores.certificates.insert(SYSTEM, row);
    }
    await expect(enrolment.certificate(world.node.id, token, csr)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await database.stores.certificates.listByBay(SYSTEM, world.bay.id)).toHaveLength(given.length);
  });

  test('again with the same key, at the same time too, and gets the same session', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => enrolment.certificate(world.node.id, token, csr)));
    expect(new Set(answers.map(({ sessionToken }) => sessionToken)).size).toBe(1);
  });

  test('with another key than the first, and is refused', async () => {
    await enrolled();
    await expect(enrolment.certificate(world.node.id, token, otherCsr)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    const issued = await database.stores.certificates.listByBay(SYSTEM, world.bay.id);
    expect(issued).toHaveLength(1);
  });

  test('with two keys at the same time, and one of them is refused', async () => {
    const answers = await Promise.allSettled([
      enrolment.certificate(world.node.id, token, csr),
      enrolment.certificate(world.node.id, token, otherCsr),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('with a token that is wrong, empty, of another node, or of a session, and is refused', async () => {
    const session = await enrolled();
    const other = await insertTestBay(database);
    const othersToken = enrolmentTokenOf(MASTER_KEY, other.node.id);
    await database.stores.nodes.setEnrolmentToken(other.node.id, hashOfToken(othersToken));
    for (const wrong of [`${token}x`, '', othersToken, session, hashOfToken(token)]) {
      await expect(enrolment.certificate(world.node.id, wrong, csr)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    await expect(enrolment.certificate('../nodes', token, csr)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('with a request that is garbage, and its token is not bound by it', async () => {
    await expect(enrolment.certificate(world.node.id, token, 'garbage')).rejects.toMatchObject({
      code: 'invalid-input',
    });
    expect((await enrolment.certificate(world.node.id, token, csr)).pem).toContain('BEGIN CERTIFICATE');
  });

  test('while the balancer or the node itself has no address, and is asked to come again', async () => {
    for (const without of [{ lbAddress: null }, { nodeAddress: null }]) {
      await enter(await insertTestBay(database, without));
      await expect(enrolment.certificate(world.node.id, token, csr)).rejects.toMatchObject({
        code: 'provider-unavailable',
      });
      expect((await node())?.certifiedAt).toBeNull();
    }
  });

  test('in a bay without a balancer, and the first master is what clients use', async () => {
    await enter(await insertTestBay(database, { bay: { masterLbEnabled: false }, lbAddress: null }));
    const { pem } = await enrolment.certificate(world.node.id, token, csr);
    expect(new X509Certificate(pem).subjectAltName).toBe(
      'DNS:localhost, DNS:web-master-0, IP Address:127.0.0.1, IP Address:10.0.0.2',
    );
  });

  test.each([
    ['is to go', { removalRequestedAt: new Date(), removalReason: 'scale-down' }],
    ['was given up', { failedAt: new Date() }],
  ] as const)('after it %s, and is refused', async (_what, facts) => {
    await record(facts);
    await expect(enrolment.certificate(world.node.id, token, csr)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('a node asks to join', () => {
  test('and gets its data at once when it was let in', async () => {
    const session = await enrolled();
    await record({ joinGrantedAt: new Date() });
    const data = await enrolment.join(world.node.id, session, { waitSeconds: 25 });
    expect(data).toEqual({ TEST_ACTION: 'join' });
    expect(engines.joinCalls).toEqual([{ nodeNames: ['web-master-0'], hasIdentity: true }]);
  });

  test('and gets nothing before it was let in, whatever the engine would say', async () => {
    const session = await enrolled();
    expect(await enrolment.join(world.node.id, session, { waitSeconds: 0 })).toBeNull();
    expect(engines.joinCalls).toEqual([]);
  });

  test('and is answered the moment it is let in', async () => {
    const session = await enrolled();
    const answer = enrolment.join(world.node.id, session, { waitSeconds: 25 });
    const waiting = (): boolean => signals.subscribers.get(`node:${world.node.id}`)?.size === 1;
    expect(await waitUntil(waiting, 20_000)).toBe(true);
    await record({ joinGrantedAt: new Date() });
    await signals.publish(`node:${world.node.id}`);
    const start = performance.now();
    expect(await answer).toEqual({ TEST_ACTION: 'join' });
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(signals.subscribers.get(`node:${world.node.id}`)?.size).toBe(0);
  });

  test('and is answered once the engine can tell, errors of the moment included', async () => {
    const session = await enrolled();
    await record({ joinGrantedAt: new Date() });
    const away = new BaykeeperError({ code: 'provider-unavailable', publicMessage: 'The engine does not answer.' });
    engines.joinAnswers.splice(0, 1, null, away, { TEST_ACTION: 'init' });
    const { shared, readings } = countingReadings();
    expect(await shared.join(world.node.id, session, { waitSeconds: 25 })).toEqual({ TEST_ACTION: 'init' });
    // What made it wait may have changed: each try looks anew.
    expect(readings()).toBe(3);
  });

  test('in a bay without TLS, and the engine is asked without identity', async () => {
    await enter(await insertTestBay(database, { bay: { tlsDisabled: true } }));
    const session = await enrolled();
    await record({ joinGrantedAt: new Date() });
    await enrolment.join(world.node.id, session, { waitSeconds: 1 });
    expect(engines.joinCalls).toEqual([{ nodeNames: ['web-master-0'], hasIdentity: false }]);
  });

  test('and is let go when it hung up', async () => {
    const session = await enrolled();
    const controller = new AbortController();
    const answer = enrolment.join(world.node.id, session, { waitSeconds: 25, gone: controller.signal });
    controller.abort();
    expect(await answer).toBeNull();
  });

  test('with its enrolment token, or when it is to go, and is refused', async () => {
    const session = await enrolled();
    const join = (of: string): Promise<unknown> => enrolment.join(world.node.id, of, { waitSeconds: 0 });
    await expect(join(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    await record({ removalRequestedAt: new Date(), removalReason: 'scale-down' });
    await expect(join(session)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('many at once read their bay a few times only', async () => {
    const session = await enrolled();
    await record({ joinGrantedAt: new Date(Date.now() - 1_000) });
    const { shared, readings } = countingReadings();
    await Promise.all(Array.from({ length: 50 }, () => shared.join(world.node.id, session, { waitSeconds: 5 })));
    expect(readings()).toBe(1);
  });
});

describe('a node reports', () => {
  const report = (phase: string, outcome = 'ok', message: string | null = null, log = ''): Promise<void> =>
    enrolment.report(world.node.id, token, { phase, outcome, message, log });

  test('how far it came, each step once', async () => {
    await report('booted');
    await report('booted');
    await report('certificate');
    await report('engine');
    await report('engine');
    await record({ joinGrantedAt: new Date() });
    await report('joined');
    await report('joined');
    expect(await node()).toMatchObject({ bootedAt: expect.any(Date), joinedAt: expect.any(Date), failedAt: null });
    expect(await events()).toEqual([
      'web-master-0 has booted.',
      'web-master-0 has started its engine.',
      'web-master-0 has joined the cluster.',
    ]);
    expect(signals.published.filter((topic) => topic === 'outbox')).toHaveLength(2);
  });

  test('with its session token as well', async () => {
    const session = await enrolled();
    await enrolment.report(world.node.id, session, { phase: 'booted', outcome: 'ok', message: null, log: '' });
    expect((await node())?.bootedAt).toBeInstanceOf(Date);
  });

  test('a failure, with the end of its log and without secrets', async () => {
    const log = `${'noise\n'.repeat(2_000)}docker swarm join --token SWMTKN-1-s3cret-x\nuses ${token}\nrefused\n`;
    await report('join', 'failed', `It was refused.\n(${token})`, log);
    const failed = await node();
    expect(failed?.failedAt).toBeInstanceOf(Date);
    expect(failed?.failure).toMatchObject({ phase: 'join', message: 'It was refused. ([redacted])' });
    const tail = failed?.failure?.logTail ?? '';
    expect(tail.endsWith('docker swarm join --token [redacted]\nuses [redacted]\nrefused')).toBe(true);
    expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(4_096);
    expect(await events()).toEqual(['Node web-master-0 failed in phase join: It was refused. ([redacted]).']);
    expect(signals.published).toContain('outbox');
  });

  test('only its first failure, and none while it is being removed', async () => {
    await report('engine', 'failed', 'dockerd ended');
    await report('join', 'failed', 'later');
    expect((await node())?.failure).toMatchObject({ phase: 'engine', message: 'dockerd ended' });
    await enter(await insertTestBay(database));
    await record({ removalRequestedAt: new Date(), removalReason: 'bay-deleted' });
    await report('join', 'failed', 'cut off');
    expect((await node())?.failedAt).toBeNull();
    expect(await events()).toEqual([]);
  });

  test('that it joined before it was let in, and is not believed', async () => {
    await expect(report('joined')).rejects.toMatchObject({ code: 'conflict' });
    expect((await node())?.joinedAt).toBeNull();
  });

  test('nonsense, or with a wrong token, and is refused', async () => {
    await expect(report('party')).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(report('booted', 'maybe')).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(
      enrolment.report(world.node.id, 'wrong', { phase: 'booted', outcome: 'ok', message: null, log: '' }),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await events()).toEqual([]);
  });

  test('while Redis is away, and is heard', async () => {
    signals.publish = () => Promise.reject(new Error('away'));
    await report('booted');
    expect((await node())?.bootedAt).toBeInstanceOf(Date);
  });
});
