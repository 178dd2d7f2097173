import { X509Certificate } from 'node:crypto';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, SYSTEM, type Database } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { P256, RSA_2048, openOpenssl, type Openssl } from '@baykeeper/pki/testing/openssl.js';
import { Credentials } from '../credentials/credentials.js';
import { insertTestBay, vault, type TestBay } from '../testing/test-bay.js';
import { openTestEngine } from '../testing/test-engine.js';
import { openBayPki } from './bay-pki.js';
import { Certificates } from './certificates.js';

let server: TestDatabase;
let database: Database;
let openssl: Openssl;
let certificates: Certificates;
let world: TestBay;
const engines = openTestEngine();

beforeAll(async () => {
  server = await startTestDatabase();
  database = await openDatabase({ url: server.url });
  openssl = await openOpenssl();
}, 60_000);
afterAll(async () => {
  await openssl.remove();
  await database.close();
  await server.stop();
});
beforeEach(async () => {
  const { authorities } = openBayPki({ database, vault, engines });
  certificates = new Certificates({ database, engines, authorities, now: () => new Date() });
  world = await insertTestBay(database);
});

const issued = (): Promise<readonly { kind: string; subject: string; serial: string }[]> =>
  database.stores.certificates.listByBay(SYSTEM, world.bay.id);

describe("a bay's authority", () => {
  test('is the same whoever asks for it first, and its key is sealed in the database', async () => {
    const others = [openBayPki({ database, vault, engines }), openBayPki({ database, vault, engines })];
    const pems = await Promise.all([
      certificates.showAuthority(world.bay),
      ...others.map(({ authorities }) => authorities.ensureCertificate(world.bay, 'cluster')),
    ]);
    expect(new Set(pems).size).toBe(1);
    const row = await database.stores.certificateAuthorities.findByBay(SYSTEM, world.bay.id, 'cluster');
    expect(row?.certificatePem).toBe(pems[0]);
    expect(JSON.stringify(row)).not.toContain('PRIVATE');
  });

  test('is another for another purpose', async () => {
    const cluster = await certificates.showAuthority(world.bay);
    const etcd = await certificates.showAuthority(world.bay, 'etcd');
    expect(etcd).not.toBe(cluster);
  });

  test('is not made for a bay that is gone', async () => {
    const gone = { ...world.bay, id: '00000000-0000-4000-8000-00000000dead' as typeof world.bay.id };
    await expect(certificates.showAuthority(gone)).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('signing for a tenant', () => {
  test("answers Magnum's client with a certificate of the authority that is on record", async () => {
    const csr = await openssl.request('magnum', RSA_2048, '-subj', '/CN=admin/O=system:masters');
    const pem = await certificates.signForTenant(world.caller, world.bay, csr);
    await openssl.write('ca.pem', await certificates.showAuthority(world.bay));
    await openssl.write('admin.pem', pem);
    const verified = await openssl.run(
      ...['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', 'ca.pem', 'admin.pem'],
    );
    expect(verified.output.trim()).toBe('admin.pem: OK');
    expect(pem).toMatch(/-----END CERTIFICATE-----$/);

    const serial = new X509Certificate(pem).serialNumber.toLowerCase();
    const [record] = await database.stores.certificates.listByBay(SYSTEM, world.bay.id);
    expect(record).toMatchObject({
      ...{ kind: 'client', subject: 'CN=admin, O=system:masters', serial, nodeId: null },
      ...{ userId: world.caller.userId, projectId: world.caller.projectId, revokedAt: null },
    });
    const events = await database.stores.events.list(SYSTEM, world.bay.id, { after: 0, limit: 10 });
    expect(events.map(({ kind, message }) => [kind, message])).toEqual([
      ['certificate-signed', `A client certificate was signed for CN=admin, O=system:masters (serial ${serial}).`],
    ]);
  });

  test.each([
    ["a node's name", ['-subj', '/CN=web-master-0']],
    ["the control plane's name", ['-subj', '/CN=baykeeper']],
    ['a server certificate', ['-subj', '/CN=ada', '-addext', 'extendedKeyUsage=serverAuth']],
  ])('refuses %s, and nothing is written', async (what, args) => {
    const csr = await openssl.request(`refused-${what.replaceAll(/\W/g, '-')}`, P256, ...args);
    await expect(certificates.signForTenant(world.caller, world.bay, csr)).rejects.toMatchObject({
      code: 'invalid-input',
    });
    expect(await issued()).toEqual([]);
  });

  test("refuses the authority's own name", async () => {
    const authority = new X509Certificate(await certificates.showAuthority(world.bay));
    const csr = await openssl.request('as-ca', P256, '-subj', `/${authority.subject}`);
    await expect(certificates.signForTenant(world.caller, world.bay, csr)).rejects.toMatchObject({
      publicMessage: expect.stringContaining('belongs to a part of the bay itself'),
    });
  });

  test('refuses garbage before it makes an authority', async () => {
    await expect(certificates.signForTenant(world.caller, world.bay, 'garbage')).rejects.toMatchObject({
      code: 'invalid-input',
    });
    expect(await database.stores.certificateAuthorities.findByBay(SYSTEM, world.bay.id, 'cluster')).toBeNull();
  });
});

describe('revocation', () => {
  test('puts a certificate on a list that openssl accepts', async () => {
    const csr = await openssl.request('lost', P256, '-subj', '/CN=ada');
    const pem = await certificates.signForTenant(world.caller, world.bay, csr);
    await certificates.revoke(world.bay, new X509Certificate(pem).serialNumber);
    await openssl.write('ca.pem', await certificates.showAuthority(world.bay));
    await openssl.write('lost.pem', pem);
    await openssl.write('list.pem', await certificates.revocationList(world.bay));
    const { output } = await openssl.run(
      ...['verify', '-x509_strict', '-crl_check', '-CRLfile', 'list.pem', '-CAfile', 'ca.pem', 'lost.pem'],
    );
    expect(output).toContain('certificate revoked');
    await expect(certificates.revoke(world.bay, '01ff')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('credentials', () => {
  const bundleFor = (bay: TestBay['bay'], name?: string): Promise<{ fileName: string; zip: Uint8Array }> =>
    new Credentials({ database, engines, certificates }).bundle(world.caller, bay, name);

  test('hold a fresh key with a certificate of the authority, on record for the user', async () => {
    const { fileName, zip } = await bundleFor({ ...world.bay, apiAddress: 'tcp://203.0.113.7:2376' });
    expect(fileName).toBe('web.zip');
    const files = unzipSync(zip);
    expect(Object.keys(files).sort()).toEqual([
      ...['web/', 'web/ca.pem', 'web/cert.pem', 'web/docker.env', 'web/key.pem'],
    ]);
    const text = (name: string): string => strFromU8(files[`web/${name}`] ?? new Uint8Array());
    for (const name of ['ca.pem', 'cert.pem', 'key.pem']) await openssl.write(name, text(name));
    const verified = await openssl.run(
      ...['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', 'ca.pem', 'cert.pem'],
    );
    expect(verified.output.trim()).toBe('cert.pem: OK');
    const ofKey = await openssl.run('pkey', '-in', 'key.pem', '-pubout');
    const ofCertificate = await openssl.run('x509', '-in', 'cert.pem', '-noout', '-pubkey');
    expect(ofKey.output).toBe(ofCertificate.output);
    expect(await issued()).toMatchObject([{ kind: 'client', subject: 'CN=ada' }]);
    expect(text('docker.env')).toBe('DOCKER_HOST=tcp://203.0.113.7:2376\n');
  });

  test('are refused while the bay has no address, and under the name of a node', async () => {
    await expect(bundleFor(world.bay)).rejects.toMatchObject({ code: 'conflict' });
    const bay = { ...world.bay, apiAddress: 'tcp://203.0.113.7:2376' };
    await expect(bundleFor(bay, 'web-master-0')).rejects.toMatchObject({ code: 'invalid-input' });
    expect(await issued()).toEqual([]);
  });

  test('of a bay without TLS hold no key', async () => {
    const { zip } = await bundleFor({ ...world.bay, tlsDisabled: true, apiAddress: 'tcp://203.0.113.7:2375' });
    expect(Object.keys(unzipSync(zip)).sort()).toEqual(['web/', 'web/docker.env']);
    expect(await issued()).toEqual([]);
    const { projectId, userId } = world.caller;
    const [entry] = await database.stores.audit.list(projectId, { limit: 1, before: null });
    expect(entry).toMatchObject({
      ...{ action: 'certificate:create_credentials', outcome: 'success', userId },
      ...{ targetId: world.bay.id, detail: 'Nothing was signed: the bay has no TLS.' },
    });
  });
});
