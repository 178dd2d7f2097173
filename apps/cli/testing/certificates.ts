import { generateKeyPairSync, randomBytes } from 'node:crypto';
import forge from 'node-forge';

/** Certificates for tests, as the service would issue them: an authority, and leaves for servers and clients. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

interface Leaf {
  readonly commonName: string;
  readonly ipAddress?: string;
  /** Milliseconds from now; negative for one that has expired. */
  readonly endsInMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export class TestAuthority {
  readonly certificate: string;
  private readonly key: string;
  private readonly parsed: forge.pki.Certificate;

  constructor(name: string) {
    this.key = newKey();
    const certificate = blank(this.key, name, DAY_MS);
    certificate.setIssuer(certificate.subject.attributes);
    certificate.setExtensions([
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
      { name: 'subjectKeyIdentifier' },
    ]);
    certificate.sign(forge.pki.privateKeyFromPem(this.key), forge.md.sha256.create());
    this.parsed = certificate;
    this.certificate = forge.pki.certificateToPem(certificate);
  }

  issue(leaf: Leaf): Pair {
    const key = newKey();
    const certificate = blank(key, leaf.commonName, leaf.endsInMs ?? DAY_MS);
    certificate.setIssuer(this.parsed.subject.attributes);
    const names =
      leaf.ipAddress === undefined ? [] : [{ name: 'subjectAltName', altNames: [{ type: 7, ip: leaf.ipAddress }] }];
    certificate.setExtensions([
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: leaf.ipAddress !== undefined, clientAuth: leaf.ipAddress === undefined },
      ...names,
    ]);
    certificate.sign(forge.pki.privateKeyFromPem(this.key), forge.md.sha256.create());
    return { certificate: forge.pki.certificateToPem(certificate), key };
  }
}

function newKey(): string {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}

function blank(key: string, commonName: string, endsInMs: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  const { n, e } = forge.pki.privateKeyFromPem(key);
  certificate.publicKey = forge.pki.setRsaPublicKey(n, e);
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() - 2 * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + endsInMs);
  certificate.setSubject([{ name: 'commonName', value: commonName }]);
  return certificate;
}
