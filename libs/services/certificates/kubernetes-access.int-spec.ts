/** What certificates of a Kubernetes bay's clients are good for: groups by role, and never the superusers'. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { createKubernetesEngine } from '@baykeeper/drivers/engines/kubernetes/kubernetes.engine.js';
import { P256, openOpenssl, type Openssl } from '@baykeeper/pki/testing/openssl.js';
import { openDatabase, type Database } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import type { Caller } from '../caller.js';
import { insertTestBay, vault, type TestBay } from '../testing/test-bay.js';
import { openTestEngine } from '../testing/test-engine.js';
import { openBayPki } from './bay-pki.js';
import { Certificates } from './certificates.js';

const engine = createKubernetesEngine({
  ...{ templatesDirectory: '', releases: { versions: () => [], nodeFiles: () => [], ensure: () => Promise.resolve() } },
});
const engines = { engineNames: ['kubernetes'] as const, engine: () => engine };

let server: TestDatabase;
let database: Database;
let openssl: Openssl;
let certificates: Certificates;
let world: TestBay;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await openDatabase({ url: server.url });
  openssl = await openOpenssl();
  const { authorities } = openBayPki({ database, vault, engines });
  certificates = new Certificates({ database, engines, authorities, now: () => new Date() });
  world = await insertTestBay(database, { bay: { engine: 'kubernetes' } });
}, 60_000);
afterAll(async () => {
  await openssl.remove();
  await database.close();
  await server.stop();
});

const subjectOf = (pem: string): readonly string[] => new X509Certificate(pem).subject.split('\n').sort();
const as = (...roles: readonly string[]): Caller => ({ ...world.caller, roles });

describe('a request for a certificate', () => {
  const sign = async (caller: Caller, subject: string): Promise<readonly string[]> =>
    subjectOf(await certificates.signForTenant(caller, world.bay, await openssl.request('k', P256, '-subj', subject)));

  test('of Magnum’s clients, which ask for system:masters, gets the group of the caller’s role', async () => {
    expect(await sign(as('member'), '/CN=admin/O=system:masters')).toEqual(['CN=admin', 'O=baykeeper:admins']);
    expect(await sign(as('admin'), '/CN=admin/O=system:masters')).toEqual(['CN=admin', 'O=baykeeper:admins']);
    expect(await sign(as('reader'), '/CN=admin/O=system:masters')).toEqual(['CN=admin', 'O=baykeeper:viewers']);
  });

  test('may ask for less, and for nothing that is not ours', async () => {
    expect(await sign(as('member'), '/CN=ci/O=baykeeper:editors')).toEqual(['CN=ci', 'O=baykeeper:editors']);
    expect(await sign(as('reader'), '/CN=ci/O=baykeeper:admins')).toEqual(['CN=ci', 'O=baykeeper:viewers']);
    expect(await sign(as('member'), '/CN=ci/O=system:nodes/O=x')).toEqual(['CN=ci', 'O=baykeeper:admins']);
  });

  test.each(['system:node:web-worker-0', 'system:kube-scheduler', 'baykeeper'])('is refused for %s', async (name) => {
    await expect(sign(as('admin'), `/CN=${name}`)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('a download', () => {
  const download = async (caller: Caller, role: 'admin' | 'edit' | 'view' | null): Promise<readonly string[]> =>
    subjectOf((await certificates.createClientIdentity(caller, world.bay, 'ada', role)).certificate);

  test('is good for what its caller may do, or for less', async () => {
    expect(await download(as('member'), null)).toEqual(['CN=ada', 'O=baykeeper:admins']);
    expect(await download(as('member'), 'view')).toEqual(['CN=ada', 'O=baykeeper:viewers']);
    expect(await download(as('reader'), 'admin')).toEqual(['CN=ada', 'O=baykeeper:viewers']);
  });

  test('ends after a week', async () => {
    const { certificate } = await certificates.createClientIdentity(world.caller, world.bay, 'ada');
    const days = (Date.parse(new X509Certificate(certificate).validTo) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThan(7.1);
  });

  test('of another engine, whose clients may do anything, takes no role', async () => {
    const swarm = openTestEngine();
    const { authorities } = openBayPki({ database, vault, engines: swarm });
    const others = new Certificates({ database, engines: swarm, authorities, now: () => new Date() });
    await expect(others.createClientIdentity(world.caller, world.bay, 'ada', 'view')).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });
});

describe('the control plane itself', () => {
  test('comes with an hour of everything, and with a certificate of the etcd authority', async () => {
    const { controlIdentity } = openBayPki({ database, vault, engines });
    const identity = await controlIdentity(world.bay);
    expect(subjectOf(identity?.certificate ?? '')).toEqual(['CN=baykeeper', 'O=system:masters']);
    expect(subjectOf(identity?.etcd?.certificate ?? '')).toEqual(['CN=baykeeper']);
    const etcd = await certificates.showAuthority(world.bay, 'etcd');
    expect(identity?.etcd?.ca).toBe(etcd);
    expect(certificates.hasAuthority(world.bay, 'front-proxy')).toBe(true);
  });
});
