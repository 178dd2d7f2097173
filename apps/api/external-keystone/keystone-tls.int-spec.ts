/** A Keystone behind TLS, with authorities of its own: a proxy that ends TLS, in front of one that speaks HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Log } from '@baykeeper/domain';
import {
  createCertificateAuthority,
  createKeyAndCertificate,
  openAuthority,
  type AuthorityPems,
  type LeafProfile,
} from '@baykeeper/pki';
import { readConfiguration } from '@baykeeper/platform';
import { openDatabase, type Database } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import {
  startFakeKeystone,
  tokenBody,
  type FakeKeystone,
} from '@baykeeper/tenancy/external-keystone/testing/fake-keystone.js';
import { startTlsFront, type TlsFront } from '@baykeeper/tenancy/external-keystone/testing/tls-front.js';
import type { ExternalKeystone } from '@baykeeper/tenancy';
import { openKeystone } from './open-keystone.js';

const SERVER: LeafProfile = {
  ...{ commonName: 'keystone', organization: null, usages: ['server'], days: 1 },
  ...{ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] },
};
const log: Log = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };

let postgres: TestDatabase;
let database: Database;
let directory: string;
let fake: FakeKeystone;
let ours: AuthorityPems;
let another: AuthorityPems;
let proxy: TlsFront | null = null;
let keystone: ExternalKeystone | null = null;

beforeAll(async () => {
  postgres = await startTestDatabase();
  database = await openDatabase({ url: postgres.url });
  directory = await mkdtemp(join(tmpdir(), 'baykeeper-keystone-tls-'));
  fake = await startFakeKeystone(Date.now);
  const day = 86_400_000;
  fake.tokens.set('good-token', tokenBody({ expires_at: new Date(Date.now() + day).toISOString() }));
  ours = await createCertificateAuthority({ commonName: 'authority of the cloud', years: 1 });
  another = await createCertificateAuthority({ commonName: 'another authority', years: 1 });
}, 60_000);
afterAll(async () => {
  await fake.close();
  await database.close();
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});
afterEach(async () => {
  keystone?.close();
  keystone = null;
  await proxy?.close();
  proxy = null;
});

/** @returns its URL */
async function startProxy(profile: Partial<LeafProfile> = {}, now = new Date()): Promise<string> {
  const authority = openAuthority(ours);
  const identity = await createKeyAndCertificate({ authority, profile: { ...SERVER, ...profile }, now });
  proxy = await startTlsFront(fake.url, identity);
  return proxy.url;
}

async function fileOf(...certificates: string[]): Promise<string> {
  const file = join(directory, 'authorities.pem');
  await writeFile(file, certificates.join('\n'));
  return file;
}

/** As the settings say. */
async function open(url: string, caFile?: string): Promise<ExternalKeystone> {
  const configuration = readConfiguration({
    BAYKEEPER_KEYSTONE_URL: url,
    BAYKEEPER_KEYSTONE_PASSWORD: 'hush',
    ...(caFile !== undefined && { BAYKEEPER_KEYSTONE_CA_FILE: caFile }),
  });
  keystone = await openKeystone(configuration, { database, log });
  if (keystone === null) throw new Error('no Keystone was configured');
  return keystone;
}

describe('a Keystone over https://', () => {
  test('is asked when an authority of the file has signed its certificate', async () => {
    const opened = await open(
      `${await startProxy()}/v3`,
      await fileOf('# of the cloud', another.certificatePem, ours.certificatePem),
    );
    expect(await opened.validateToken('good-token')).toMatchObject({ userName: 'ada', projectName: 'garden' });
    expect(await opened.validateToken('bad-token')).toBeNull();
    await opened.ping();
  });

  test('is refused at once, with what to do, when nobody that is trusted has signed it', async () => {
    const url = await startProxy();
    const logins = fake.count.logins;
    const refusal = {
      code: 'invalid-input',
      publicMessage: expect.stringContaining(
        `BAYKEEPER_KEYSTONE_CA_FILE: the certificate of the Keystone at ${url} is not trusted (unable to verify the first certificate)`,
      ),
    };
    const started = performance.now();
    await expect(open(url, await fileOf(another.certificatePem))).rejects.toMatchObject(refusal);
    await expect(open(url)).rejects.toMatchObject(refusal);
    expect(performance.now() - started).toBeLessThan(5_000);
    // Neither name nor password went to it.
    expect(fake.count.logins).toBe(logins);
  });

  test('is refused when its certificate is for other names', async () => {
    const url = await startProxy({ ipAddresses: ['192.0.2.1'], dnsNames: ['keystone.example'] });
    await expect(open(url, await fileOf(ours.certificatePem))).rejects.toMatchObject({
      code: 'invalid-input',
      publicMessage: expect.stringMatching(
        /^BAYKEEPER_KEYSTONE_URL: the certificate .* is for other names \(.*192\.0\.2\.1.*\)\. Use/,
      ),
    });
  });

  test('is refused when its certificate has expired', async () => {
    const url = await startProxy({}, new Date(Date.now() - 3 * 86_400_000));
    await expect(open(url, await fileOf(ours.certificatePem))).rejects.toMatchObject({
      publicMessage: expect.stringContaining('is not trusted (certificate has expired)'),
    });
  });

  test('is refused when what answers speaks HTTP only', async () => {
    await expect(open(fake.url.replace('http:', 'https:'))).rejects.toMatchObject({
      publicMessage: expect.stringMatching(/^BAYKEEPER_KEYSTONE_URL: what answers at https:.* speaks no TLS\./),
    });
  });

  test('that shows another certificate later on gives 503, and is taken again when it has the right one', async () => {
    const url = await startProxy();
    const opened = await open(url, await fileOf(ours.certificatePem));
    const wrong = await createKeyAndCertificate({
      authority: openAuthority(another),
      profile: SERVER,
      now: new Date(),
    });
    const right = await createKeyAndCertificate({ authority: openAuthority(ours), profile: SERVER, now: new Date() });
    proxy?.show(wrong);
    await expect(opened.validateToken('good-token')).rejects.toMatchObject({
      code: 'provider-unavailable',
      detail: expect.stringContaining('unable to verify'),
    });
    proxy?.show(right);
    expect(await opened.validateToken('good-token')).toMatchObject({ userName: 'ada' });
  });
});

describe('the file with authorities', () => {
  test.each([
    ['is not there', null, /can't be read\. Correct the path/],
    ['is empty', '', /holds no certificate in PEM form\. Give/],
    [
      'holds a key',
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
      /holds no certificate in PEM form\. Give/,
    ],
    [
      'is damaged',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      /holds a certificate that is damaged/,
    ],
  ])('that %s stops the start', async (_, text, words) => {
    const file = text === null ? join(directory, 'none.pem') : await fileOf(text);
    const refusal = { code: 'invalid-input', publicMessage: expect.stringMatching(words) };
    await expect(open('https://127.0.0.1:1', file)).rejects.toMatchObject(refusal);
    await expect(open('https://127.0.0.1:1', file)).rejects.toMatchObject({
      publicMessage: expect.stringContaining(`BAYKEEPER_KEYSTONE_CA_FILE: ${file} `),
    });
  });
});
