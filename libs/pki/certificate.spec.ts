import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createCertificateAuthority,
  createKeyAndCertificate,
  openAuthority,
  parseCertificateRequest,
  signCertificate,
  type AuthorityPems,
  type LeafProfile,
  type SigningAuthority,
} from './index.js';
import { P256, P384, RSA_2048, openOpenssl, type Openssl } from './testing/openssl.js';

const NODE: LeafProfile = {
  commonName: 'demo-master-0',
  organization: null,
  dnsNames: ['localhost', 'demo-master-0'],
  ipAddresses: ['10.0.0.2', '127.0.0.1', 'fd00::7'],
  usages: ['server', 'client'],
  days: 90,
};
const CLIENT: LeafProfile = {
  commonName: 'ada',
  organization: ['team-a', 'team-b'],
  dnsNames: [],
  ipAddresses: [],
  usages: ['client'],
  days: 365,
};

let openssl: Openssl;
let pems: AuthorityPems;
let authority: SigningAuthority;

beforeAll(async () => {
  openssl = await openOpenssl();
  pems = await createCertificateAuthority({ commonName: 'demo cluster 8f2c', years: 10 });
  authority = openAuthority(pems);
  await openssl.write('ca.pem', pems.certificatePem);
});
afterAll(() => openssl.remove());

async function strictlyVerified(name: string, certificatePem: string, purpose: string): Promise<string> {
  await openssl.write(`${name}.pem`, certificatePem);
  const { output } = await openssl.run(
    ...['verify', '-x509_strict', '-check_ss_sig', '-purpose', purpose, '-CAfile', 'ca.pem', `${name}.pem`],
  );
  return output.trim();
}

async function printed(name: string): Promise<string> {
  return (await openssl.run('x509', '-in', `${name}.pem`, '-noout', '-text')).output;
}

describe('a certificate authority', () => {
  test('passes the strict checks of openssl', async () => {
    expect(await strictlyVerified('self', pems.certificatePem, 'crlsign')).toBe('self.pem: OK');
  });

  test('says in critical extensions that it signs leaves and revocation lists only', async () => {
    const text = await printed('ca');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(text).toContain('Public-Key: (2048 bit)');
    expect(text).toContain('Signature Algorithm: sha256WithRSAEncryption');
    expect(text).toContain('Issuer: CN = demo cluster 8f2c');
  });

  test('has a key that openssl reads', async () => {
    await openssl.write('ca.key', pems.privateKeyPem);
    expect((await openssl.run('pkey', '-in', 'ca.key', '-check', '-noout')).output).toContain('Key is valid');
  });

  test('is valid for ten years from five minutes ago, also across the year 2050', async () => {
    const made = await createCertificateAuthority({
      commonName: 'late',
      years: 10,
      now: new Date('2045-06-01T12:00:00.750Z'),
    });
    const certificate = new X509Certificate(made.certificatePem);
    expect(new Date(certificate.validFrom).toISOString()).toBe('2045-06-01T11:55:00.000Z');
    expect(new Date(certificate.validTo).toISOString()).toBe('2055-05-30T12:00:00.000Z');
    await openssl.write('late.pem', made.certificatePem);
    expect((await openssl.run('x509', '-in', 'late.pem', '-noout', '-enddate')).output).toContain('2055 GMT');
  });

  test('is refused with a name that a certificate has no room for', async () => {
    await expect(createCertificateAuthority({ commonName: 'x'.repeat(65), years: 1 })).rejects.toMatchObject({
      code: 'internal',
    });
  });

  test("does not open with another authority's key", async () => {
    const other = await createCertificateAuthority({ commonName: 'other', years: 1 });
    expect(() => openAuthority({ certificatePem: pems.certificatePem, privateKeyPem: other.privateKeyPem })).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
    expect(() => openAuthority({ certificatePem: 'nonsense', privateKeyPem: 'nonsense' })).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });
});

describe('a leaf certificate', () => {
  test.each([
    ['P-256', P256],
    ['P-384', P384],
    ['RSA', RSA_2048],
  ])('for a %s key of openssl passes the strict checks as server and as client', async (kind, key) => {
    const request = parseCertificateRequest(await openssl.request(`leaf-${kind}`, key, '-subj', '/CN=any'));
    const signed = await signCertificate({ authority, publicKey: request.publicKey, profile: NODE });
    expect(await strictlyVerified(`leaf-${kind}`, signed.certificatePem, 'sslserver')).toBe(`leaf-${kind}.pem: OK`);
    expect(await strictlyVerified(`leaf-${kind}`, signed.certificatePem, 'sslclient')).toBe(`leaf-${kind}.pem: OK`);
  });

  test('carries what the profile says and nothing of the request', async () => {
    const request = parseCertificateRequest(
      await openssl.request('full', P256, '-subj', '/CN=mallory/O=evil', '-addext', 'subjectAltName=DNS:evil.example'),
    );
    const signed = await signCertificate({ authority, publicKey: request.publicKey, profile: NODE });
    await openssl.write('full.pem', signed.certificatePem);
    const text = await printed('full');
    expect(text).toContain('Subject: CN = demo-master-0\n');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/Extended Key Usage: \n\s+TLS Web Server Authentication, TLS Web Client Authentication\n/);
    expect(text).toContain(
      'DNS:localhost, DNS:demo-master-0, IP Address:10.0.0.2, IP Address:127.0.0.1, IP Address:FD00:0:0:0:0:0:0:7\n',
    );
    expect(text).toContain('Subject Key Identifier');
    expect(text).toContain('Authority Key Identifier');
    expect(text).not.toMatch(/evil|mallory/);
  });

  test('for an RSA key may encipher keys too', async () => {
    const request = parseCertificateRequest(await openssl.request('rsa', RSA_2048, '-subj', '/CN=any'));
    const signed = await signCertificate({ authority, publicKey: request.publicKey, profile: CLIENT });
    await openssl.write('rsa.pem', signed.certificatePem);
    expect(await printed('rsa')).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
  });

  test('for a client is no server to openssl', async () => {
    const made = await createKeyAndCertificate({ authority, profile: CLIENT });
    expect(await strictlyVerified('client', made.certificatePem, 'sslclient')).toBe('client.pem: OK');
    expect(await strictlyVerified('client', made.certificatePem, 'sslserver')).toMatch(/unsuitable|unsupported/);
    expect(made.subject).toBe('CN=ada, O=team-a, O=team-b');
  });

  test('tells the serial that openssl prints, positive and with far more than 64 random bits', async () => {
    const made = await createKeyAndCertificate({ authority, profile: CLIENT });
    await openssl.write('serial.pem', made.certificatePem);
    const { output } = await openssl.run('x509', '-in', 'serial.pem', '-noout', '-serial');
    expect(output.trim().toLowerCase()).toBe(`serial=${made.serial}`);
    expect(made.serial).toMatch(/^01[0-9a-f]{32}$/);
    const again = await createKeyAndCertificate({ authority, profile: CLIENT });
    expect(again.serial).not.toBe(made.serial);
  });

  test('is valid from five minutes ago for its days, or for the seconds asked for', async () => {
    const now = new Date(Math.floor(Date.now() / 1_000) * 1_000);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const year = await signCertificate({ authority, publicKey, profile: CLIENT, now });
    expect(now.getTime() - year.notBefore.getTime()).toBe(300_000);
    expect(year.notAfter.getTime() - now.getTime()).toBe(31_536_000_000);
    const hour = await signCertificate({ authority, publicKey, profile: CLIENT, now, lifetimeSeconds: 3_600 });
    expect(new Date(new X509Certificate(hour.certificatePem).validTo).getTime() - now.getTime()).toBe(3_600_000);
  });

  test('never outlives its authority, and an expired authority signs nothing', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const nearTheEnd = new Date(authority.notAfter.getTime() - 86_400_000);
    const signed = await signCertificate({ authority, publicKey, profile: CLIENT, now: nearTheEnd });
    expect(signed.notAfter).toEqual(authority.notAfter);
    await expect(
      signCertificate({ authority, publicKey, profile: CLIENT, now: authority.notAfter }),
    ).rejects.toMatchObject({ code: 'conflict' });
  });

  test.each([
    ['a common name of 65 characters', { commonName: 'é'.repeat(65) }, 'invalid-input'],
    ['no common name', { commonName: '' }, 'invalid-input'],
    ['a DNS name that is none', { dnsNames: ['a b'] }, 'internal'],
    ['an address that is none', { ipAddresses: ['10.0.0.256'] }, 'internal'],
  ])('is refused with %s', async (_what, change, code) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await expect(signCertificate({ authority, publicKey, profile: { ...NODE, ...change } })).rejects.toMatchObject({
      code,
    });
  });

  test('keeps letters beyond ASCII', async () => {
    const made = await createKeyAndCertificate({ authority, profile: { ...CLIENT, commonName: 'Zoë Ångström' } });
    expect(new X509Certificate(made.certificatePem).toLegacyObject().subject.CN).toBe('Zoë Ångström');
  });
});

describe('mutual TLS', () => {
  test('works between a server and a client of one authority, and only there', async () => {
    const server = await createKeyAndCertificate({ authority, profile: NODE });
    const client = await createKeyAndCertificate({ authority, profile: CLIENT });
    const stranger = openAuthority(await createCertificateAuthority({ commonName: 'stranger', years: 1 }));
    const strangersClient = await createKeyAndCertificate({ authority: stranger, profile: CLIENT });

    const listener = createServer(
      {
        ...{ cert: server.certificatePem, key: server.privateKeyPem, ca: pems.certificatePem },
        ...{ requestCert: true, rejectUnauthorized: false },
      },
      (socket) => {
        const { CN } = socket.getPeerCertificate().subject;
        socket.end(socket.authorized ? `welcome ${String(CN)}` : `go away: ${String(socket.authorizationError)}`);
      },
    );
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;

    async function answerTo(client: { certificatePem: string; privateKeyPem: string }): Promise<string> {
      const socket = connect({
        ...{ host: '127.0.0.1', port, ca: pems.certificatePem },
        ...{ cert: client.certificatePem, key: client.privateKeyPem },
      });
      let text = '';
      for await (const data of socket) text += String(data);
      return text;
    }
    try {
      expect(await answerTo(client)).toBe('welcome ada');
      expect(await answerTo(strangersClient)).toMatch(/^go away: UNABLE_TO_/);
    } finally {
      listener.close();
      await once(listener, 'close');
    }
  });
});

test('the key of a fresh client fits its certificate and is PKCS#8', async () => {
  const made = await createKeyAndCertificate({ authority, profile: CLIENT });
  expect(made.privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  const fromCertificate = new X509Certificate(made.certificatePem).publicKey;
  expect(createPublicKey(made.privateKeyPem).equals(fromCertificate)).toBe(true);
});
