/** A certificate authority for tests, made by openssl: what nodes and drivers accept is not judged by our own code. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateProfile, ControlIdentity } from '../../contracts/engine.js';

export interface TestAuthority {
  readonly caPem: string;
  /** Signs the key of a request; names and usages are the profile's. */
  sign(csrPem: string, profile: CertificateProfile): string;
  /** A key and a certificate in one step. */
  issue(profile: CertificateProfile): ControlIdentity;
}

/** @param directory gets keys and certificates; made if it is not there. */
export function openTestAuthority(directory: string, name: string): TestAuthority {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = (entry: string): string => join(directory, entry);
  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const newKey = (entry: string): string => {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file(entry));
    return file(entry);
  };
  newKey('ca-key.pem');
  openssl(
    ...['req', '-x509', '-new', '-key', file('ca-key.pem'), '-sha256', '-days', '2', '-subj', `/CN=${name}`],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ...['-out', file('ca.pem')],
  );
  let count = 0;

  function sign(csrPem: string, profile: CertificateProfile): string {
    count += 1;
    const csr = file(`${String(count)}.csr`);
    const extensions = file(`${String(count)}.ext`);
    const certificate = file(`${String(count)}.pem`);
    const names = [
      ...profile.dnsNames.map((dns) => `DNS:${dns}`),
      ...profile.ipAddresses.map((address) => `IP:${address}`),
    ];
    writeFileSync(csr, csrPem);
    writeFileSync(
      extensions,
      [
        'basicConstraints=critical,CA:FALSE',
        'keyUsage=critical,digitalSignature',
        `extendedKeyUsage=${profile.usages.map((usage) => `${usage}Auth`).join(',')}`,
        ...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : []),
      ].join('\n'),
    );
    openssl(
      ...['x509', '-req', '-in', csr, '-CA', file('ca.pem'), '-CAkey', file('ca-key.pem'), '-sha256', '-days', '2'],
      ...['-set_serial', String(1000 + count), '-extfile', extensions, '-out', certificate],
    );
    return readFileSync(certificate, 'utf8');
  }

  return {
    caPem: readFileSync(file('ca.pem'), 'utf8'),
    sign,
    issue(profile) {
      const key = newKey(`key-${String(count)}.pem`);
      const csr = openssl('req', '-new', '-key', key, '-subj', `/CN=${profile.commonName}`);
      const certificate = sign(csr, profile);
      return { ca: readFileSync(file('ca.pem'), 'utf8'), certificate, key: readFileSync(key, 'utf8') };
    },
  };
}
