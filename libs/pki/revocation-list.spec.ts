import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  buildRevocationList,
  createCertificateAuthority,
  createKeyAndCertificate,
  openAuthority,
  type LeafProfile,
  type SigningAuthority,
} from './index.js';
import { openOpenssl, type Openssl } from './testing/openssl.js';

const CLIENT: LeafProfile = {
  ...{ commonName: 'ada', organization: null, dnsNames: [], ipAddresses: [] },
  ...{ usages: ['client'], days: 30 },
};
const TOMORROW = new Date(Date.now() + 86_400_000);

let openssl: Openssl;
let authority: SigningAuthority;
beforeAll(async () => {
  openssl = await openOpenssl();
  const pems = await createCertificateAuthority({ commonName: 'demo cluster 8f2c', years: 1 });
  authority = openAuthority(pems);
  await openssl.write('ca.pem', pems.certificatePem);
});
afterAll(() => openssl.remove());

describe('a revocation list', () => {
  test('is accepted by openssl, and makes it refuse the revoked certificate and no other', async () => {
    const [lost, kept] = await Promise.all([
      createKeyAndCertificate({ authority, profile: CLIENT }),
      createKeyAndCertificate({ authority, profile: CLIENT }),
    ]);
    const revokedAt = new Date('2026-01-02T03:04:05Z');
    const revoked = [{ serial: lost.serial, revokedAt }];
    await openssl.write(
      'list.pem',
      await buildRevocationList({ authority, revoked, number: 200n, nextUpdate: TOMORROW }),
    );
    await openssl.write('lost.pem', lost.certificatePem);
    await openssl.write('kept.pem', kept.certificatePem);

    const checked = await openssl.run('crl', '-in', 'list.pem', '-verify', '-CAfile', 'ca.pem', '-noout', '-text');
    expect(checked.output).toContain('verify OK');
    expect(checked.output).toMatch(/X509v3 CRL Number: \n\s+200\n/);
    expect(checked.output).toContain(`Serial Number: ${lost.serial.toUpperCase()}`);
    expect(checked.output).toContain('Revocation Date: Jan  2 03:04:05 2026 GMT');

    const verify = ['verify', '-x509_strict', '-crl_check', '-CRLfile', 'list.pem', '-CAfile', 'ca.pem'];
    expect((await openssl.run(...verify, 'kept.pem')).output.trim()).toBe('kept.pem: OK');
    expect((await openssl.run(...verify, 'lost.pem')).output).toContain('certificate revoked');
  });

  test('may be empty', async () => {
    const list = await buildRevocationList({ authority, revoked: [], number: 0n, nextUpdate: TOMORROW });
    await openssl.write('empty.pem', list);
    const { output } = await openssl.run('crl', '-in', 'empty.pem', '-verify', '-CAfile', 'ca.pem', '-noout', '-text');
    expect(output).toContain('verify OK');
    expect(output).toContain('No Revoked Certificates');
    // RFC 5280 section 5.1.2.6: the field is left out then, not empty.
    expect((await openssl.run('asn1parse', '-in', 'empty.pem')).output).not.toMatch(/l= +0 cons: SEQUENCE/);
  });
});
