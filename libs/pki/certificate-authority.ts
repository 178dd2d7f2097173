/**
 * A bay's certificate authorities: RSA-2048, self-signed, may sign leaves and revocation lists and nothing else.
 * `openssl verify -x509_strict`, Go and Node accept them (RFC 5280).
 */
import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BaykeeperError } from '@baykeeper/domain';
import {
  DerError,
  bitString,
  childrenOf,
  isTagged,
  nothing,
  octetStringOf,
  oid,
  oidOf,
  readDer,
  sequence,
  tagged,
  time,
  unsignedInteger,
  writeDer,
  type DerNode,
} from './der.js';
import { MAX_NAME_LENGTH, buildName, fitsName, readName } from './distinguished-name.js';
import { authorityExtensions, extensionsField } from './extensions.js';
import { generateRsaKeyPair, keyIdentifierOf, privateKeyPem, publicKeyDer, signWithRsa } from './keys.js';
import { OID } from './object-identifiers.js';
import { writePem } from './pem.js';

/** Clocks of nodes may be behind ours by as much. */
export const CLOCK_TOLERANCE_SECONDS = 300;

export const DAYS_PER_YEAR = 365;

export interface AuthorityPems {
  readonly certificatePem: string;
  /** PKCS#8; goes into the key vault and nowhere else. */
  readonly privateKeyPem: string;
}

/** An authority that is ready to sign. Holds the private key in memory. */
export interface SigningAuthority {
  readonly certificatePem: string;
  readonly commonName: string;
  /** Its name exactly as encoded: what its leaves carry as issuer. */
  readonly name: DerNode;
  readonly keyIdentifier: Buffer;
  readonly notAfter: Date;
  readonly key: KeyObject;
}

/**
 * Makes an authority. Valid from five minutes ago.
 * @param request.commonName 1 to 64 characters, unique per bay and purpose: verifiers find an issuer by its name.
 */
export async function createCertificateAuthority(request: {
  commonName: string;
  years: number;
  now?: Date;
}): Promise<AuthorityPems> {
  const { commonName } = request;
  if (!fitsName(commonName)) {
    throw new BaykeeperError({
      code: 'internal',
      publicMessage: 'A certificate authority could not be made. Tell the operator.',
      detail: `an authority's common name has 1 to ${MAX_NAME_LENGTH} characters`,
    });
  }
  const now = request.now ?? new Date();
  const pair = await generateRsaKeyPair();
  const spki = publicKeyDer(pair.publicKey);
  const identifier = keyIdentifierOf(spki);
  const name = buildName({ commonName, organizations: [] });
  const { certificate } = await signTbsCertificate({
    key: pair.privateKey,
    issuer: name,
    subject: name,
    spki,
    notBefore: secondsAfter(now, -CLOCK_TOLERANCE_SECONDS),
    notAfter: secondsAfter(now, request.years * DAYS_PER_YEAR * 86_400),
    extensions: authorityExtensions(identifier),
  });
  return { certificatePem: writePem('CERTIFICATE', certificate), privateKeyPem: privateKeyPem(pair.privateKey) };
}

/**
 * Makes an authority ready to sign.
 * @throws BaykeeperError `internal` when certificate and key do not belong together or can't be read.
 */
export function openAuthority(pems: AuthorityPems): SigningAuthority {
  try {
    const certificate = new X509Certificate(pems.certificatePem);
    const key = createPrivateKey(pems.privateKeyPem);
    if (key.asymmetricKeyType !== 'rsa' || !certificate.checkPrivateKey(key)) throw new DerError('not its key');
    const [tbs] = childrenOf(readDer(certificate.raw));
    const fields = childrenOf(tbs);
    const name = fields[5];
    if (name === undefined) throw new DerError('no subject');
    return {
      certificatePem: pems.certificatePem,
      commonName: readName(name).commonNames[0] ?? '',
      name,
      keyIdentifier: subjectKeyIdentifierOf(fields),
      notAfter: new Date(certificate.validTo),
      key,
    };
  } catch (error) {
    throw new BaykeeperError({
      code: 'internal',
      publicMessage: "The bay's certificate authority could not be used. Tell the operator.",
      detail: 'its certificate and key could not be read or do not belong together',
      cause: error,
    });
  }
}

function subjectKeyIdentifierOf(tbsFields: readonly DerNode[]): Buffer {
  const [extensions] = childrenOf(tbsFields.find((field) => isTagged(field, 3)));
  for (const extension of childrenOf(extensions)) {
    const parts = childrenOf(extension);
    if (oidOf(parts[0]) === OID.subjectKeyIdentifier) return octetStringOf(readDer(octetStringOf(parts.at(-1))));
  }
  throw new DerError('no subject key identifier');
}

/**
 * 128 random bits behind an octet of 1: positive, never zero, and always 34 hex digits, so that a serial has one
 * spelling (RFC 5280 section 4.1.2.2 asks for at most 20 octets).
 */
function makeSerial(): Buffer {
  return Buffer.concat([Buffer.from([1]), randomBytes(16)]);
}

export const rsaSignatureAlgorithm = (): DerNode => sequence(oid(OID.sha256WithRSAEncryption), nothing());

/** Builds and signs a version 3 certificate. `spki`: the subject's public key as DER. */
export async function signTbsCertificate(fields: {
  key: KeyObject;
  issuer: DerNode;
  subject: DerNode;
  spki: Buffer;
  notBefore: Date;
  notAfter: Date;
  extensions: readonly DerNode[];
}): Promise<{ certificate: Buffer; serial: string }> {
  const serial = makeSerial();
  const version3 = tagged(0, unsignedInteger(Buffer.from([2])));
  const tbs = sequence(
    version3,
    unsignedInteger(serial),
    rsaSignatureAlgorithm(),
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    readDer(fields.spki),
    extensionsField(fields.extensions, 3),
  );
  return { certificate: await signDer(tbs, fields.key), serial: serial.toString('hex') };
}

/** The signed form that certificates and revocation lists share: what is signed, algorithm, signature. */
export async function signDer(toBeSigned: DerNode, key: KeyObject): Promise<Buffer> {
  const signature = await signWithRsa(writeDer(toBeSigned), key);
  return writeDer(sequence(toBeSigned, rsaSignatureAlgorithm(), bitString(signature)));
}

/** Cut to the whole second, as certificates hold times. */
export function secondsAfter(date: Date, seconds: number): Date {
  return new Date((Math.floor(date.getTime() / 1_000) + seconds) * 1_000);
}
