import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createCertificateAuthority,
  decideTenantCertificate,
  openAuthority,
  parseCertificateRequest,
  signCertificate,
  type LeafProfile,
  type TenantCertificateRules,
} from './index.js';
import { P256, RSA_2048, openOpenssl, type Openssl } from './testing/openssl.js';

const RULES: TenantCertificateRules = {
  authorityName: 'demo cluster 8f2c',
  isReserved: (name) => name === 'demo-master-0',
  days: 365,
};

let openssl: Openssl;
let made = 0;
beforeAll(async () => {
  openssl = await openOpenssl();
});
afterAll(() => openssl.remove());

async function decide(subject: string, extensions: string[] = [], rules = RULES): Promise<LeafProfile> {
  const args = extensions.flatMap((extension) => ['-addext', extension]);
  const pem = await openssl.request(`tenant-${++made}`, P256, '-utf8', '-subj', subject, ...args);
  return decideTenantCertificate(parseCertificateRequest(pem), rules);
}

describe('a tenant gets', () => {
  test("what Magnum's client asks for: CN=admin, O=system:masters, RSA, no extensions", async () => {
    const pem = await openssl.request('magnum', RSA_2048, '-subj', '/CN=admin/O=system:masters');
    expect(decideTenantCertificate(parseCertificateRequest(pem), RULES)).toEqual({
      commonName: 'admin',
      organization: ['system:masters'],
      dnsNames: [],
      ipAddresses: [],
      usages: ['client'],
      days: 365,
    });
  });

  test('other organizations where the engine says so', async () => {
    const replaceOrganizations = (): string[] => ['baykeeper:admins'];
    const profile = await decide('/CN=admin/O=system:masters', [], { ...RULES, replaceOrganizations });
    expect(profile.organization).toEqual(['baykeeper:admins']);
  });

  test('no alternative names, and no usage beyond what a client needs', async () => {
    const profile = await decide('/CN=ada', [
      ...['subjectAltName=critical,DNS:demo-master-0,IP:10.0.0.2', 'basicConstraints=CA:TRUE', 'keyUsage=keyCertSign'],
      'extendedKeyUsage=clientAuth,emailProtection',
    ]);
    expect(profile).toMatchObject({ dnsNames: [], ipAddresses: [], usages: ['client'] });
  });

  test('a certificate that openssl takes for a client and not for a server or an authority', async () => {
    const pems = await createCertificateAuthority({ commonName: 'demo cluster 8f2c', years: 1 });
    const pem = await openssl.request('asked', P256, '-subj', '/CN=ada/O=team', '-addext', 'basicConstraints=CA:TRUE');
    const request = parseCertificateRequest(pem);
    const signed = await signCertificate({
      authority: openAuthority(pems),
      publicKey: request.publicKey,
      profile: decideTenantCertificate(request, RULES),
    });
    await openssl.write('ca.pem', pems.certificatePem);
    await openssl.write('asked.pem', signed.certificatePem);
    const { output } = await openssl.run('x509', '-in', 'asked.pem', '-noout', '-purpose', '-subject');
    expect(output).toContain('SSL client : Yes');
    expect(output).toContain('SSL server : No');
    expect(output).toContain('SSL client CA : No');
    expect(output).toContain('subject=O = team, CN = ada');
    const strict = await openssl.run('verify', '-x509_strict', '-CAfile', 'ca.pem', 'asked.pem');
    expect(strict.output.trim()).toBe('asked.pem: OK');
  });

  test("what openssl's usual configuration asks for", async () => {
    const profile = await decide('/CN=ada', [
      'basicConstraints=CA:FALSE',
      'keyUsage=critical,nonRepudiation,digitalSignature,keyEncipherment',
    ]);
    expect(profile.commonName).toBe('ada');
  });
});

describe('a tenant is refused', () => {
  test.each([
    ["the authority's name", '/CN=Demo Cluster 8F2C'],
    ["a node's name", '/CN=demo-master-0'],
    ["a node's name in capitals", '/CN=DEMO-MASTER-0'],
    ["a node's name with spaces around it", '/CN= demo-master-0 '],
    ["a server's name", '/CN=server.demo'],
    ['the name server', '/CN=server'],
    ["the control plane's name", '/CN=Baykeeper'],
    ["a name of Kubernetes' own parts", '/CN=system:node:demo-master-0'],
  ])('%s', async (_what, subject) => {
    await expect(decide(subject)).rejects.toMatchObject({
      code: 'invalid-input',
      publicMessage: expect.stringContaining('belongs to a part of the bay itself'),
    });
  });

  test.each([
    ['no subject at all', '/', 'would have no common name'],
    ['an organization only', '/O=team', 'would have no common name'],
    ['a blank common name', '/CN=   ', 'would have no common name'],
    ['two common names', '/CN=ada/CN=admin', 'more than one common name'],
    ['control characters', '/CN=ada\u0007', 'printable characters'],
    ['a mark that turns the direction of writing', '/CN=ada\u202e', 'printable characters'],
    ['seventeen organizations', `/CN=ada${'/O=x'.repeat(17)}`, 'more than 16 organizations'],
  ])('%s', async (_what, subject, sentence) => {
    await expect(decide(subject)).rejects.toMatchObject({
      code: 'invalid-input',
      publicMessage: expect.stringContaining(sentence),
    });
  });

  test.each([
    ['a server certificate', 'extendedKeyUsage=serverAuth', 'server certificate'],
    ['any usage', 'extendedKeyUsage=anyExtendedKeyUsage', 'server certificate'],
    ['an authority, insisting', 'basicConstraints=critical,CA:TRUE', 'authority (CA:TRUE)'],
    ['the signing of certificates, insisting', 'keyUsage=critical,keyCertSign', 'insists on key usage'],
    ['deciphering only, insisting', 'keyUsage=critical,keyAgreement,decipherOnly', 'insists on key usage'],
    ['code signing, insisting', 'extendedKeyUsage=critical,codeSigning', 'insists on extended key usage'],
    ['an unknown extension, insisting', '1.2.3.4=critical,DER:0500', 'insists on extension 1.2.3.4'],
    ['an extension that is damaged', '2.5.29.37=DER:0500', "can't be read"],
  ])('%s', async (_what, extension, sentence) => {
    await expect(decide('/CN=ada', [extension])).rejects.toMatchObject({
      code: 'invalid-input',
      publicMessage: expect.stringContaining(sentence),
    });
  });
});
