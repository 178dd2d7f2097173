/**
 * Reads a certificate signing request (PKCS#10, RFC 2986) that somebody sent us. It is accepted only when the sender has
 * proved to hold the private key, and the key is one that we sign. Whatever else it says is a wish.
 *
 * Cost is bounded by the size limit and by the key sizes that are let through to a signature check.
 */
import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BaykeeperError } from '@baykeeper/domain';
import {
  DerError,
  DerType,
  bitStringOf,
  childrenOf,
  contentOf,
  isTagged,
  isType,
  membersOf,
  octetStringOf,
  oidOf,
  readDer,
  writeDer,
  type DerNode,
} from './der.js';
import { readName, type SubjectName } from './distinguished-name.js';
import { publicKeyHashOf } from './keys.js';
import { OID } from './object-identifiers.js';
import { readPem } from './pem.js';

/** Longer than any honest request by far. */
export const MAX_REQUEST_BYTES = 16 * 1024;
const MIN_RSA_BITS = 2048;
/** OpenSSL would check far longer ones, at a price the sender does not pay. */
const MAX_RSA_BITS = 8192;
/** What every tool uses; a smaller one makes forging a signature easier, a larger one its check slow. */
const RSA_EXPONENT = 65_537n;

/** The first octet of a point with both coordinates. */
const UNCOMPRESSED = 4;

const DIGESTS: Readonly<Record<string, { readonly key: 'rsa' | 'ec'; readonly digest: string }>> = {
  [OID.sha256WithRSAEncryption]: { key: 'rsa', digest: 'sha256' },
  [OID.sha384WithRSAEncryption]: { key: 'rsa', digest: 'sha384' },
  [OID.sha512WithRSAEncryption]: { key: 'rsa', digest: 'sha512' },
  [OID.ecdsaWithSha256]: { key: 'ec', digest: 'sha256' },
  [OID.ecdsaWithSha384]: { key: 'ec', digest: 'sha384' },
  [OID.ecdsaWithSha512]: { key: 'ec', digest: 'sha512' },
};

/** One extension that the sender would like. */
export interface RequestedExtension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

export interface CertificateRequest {
  readonly publicKey: KeyObject;
  /** SHA-256 of the public key, in hex. */
  readonly publicKeyHash: string;
  readonly subject: SubjectName;
  readonly extensions: readonly RequestedExtension[];
}

/**
 * @param pem one PEM block `CERTIFICATE REQUEST`, at most 16 KiB
 * @throws BaykeeperError `invalid-input`, whatever the text is
 */
export function parseCertificateRequest(pem: string): CertificateRequest {
  if (Buffer.byteLength(pem) > MAX_REQUEST_BYTES) {
    throw refusal('The certificate request is larger than 16 KiB: send one PEM block and nothing else.');
  }
  if (pem.includes('PRIVATE KEY-----')) {
    throw refusal(
      'This holds a private key: send the certificate request alone, and consider making a new key: this one has left its owner.',
    );
  }
  try {
    return readRequest(readPem(pem, ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw refusal(
      'This is not a certificate request in PEM form: make one with "openssl req -new" and send its whole text.',
      error,
    );
  }
}

function readRequest(der: Buffer): CertificateRequest {
  const [body, algorithm, signature, ...rest] = membersOf(readDer(der), DerType.SEQUENCE);
  const [version, subject, spki, attributes, ...more] = membersOf(body, DerType.SEQUENCE);
  if (body === undefined || rest.length > 0 || more.length > 0 || contentOf(version) !== '\0') {
    throw new DerError('not PKCS#10');
  }
  const publicKey = readPublicKey(spki);
  const verified = isSignedBy(publicKey, {
    algorithm: signatureAlgorithmOf(algorithm),
    data: writeDer(body),
    signature: bitStringOf(signature),
  });
  if (!verified) {
    throw refusal("The certificate request's signature does not fit its key: make it again with the key it is for.");
  }
  return {
    publicKey,
    publicKeyHash: publicKeyHashOf(publicKey),
    subject: readName(subject),
    extensions: attributes === undefined ? [] : readAttributes(attributes),
  };
}

/** RSA with at least 2048 bits, P-256 or P-384; named curves only, so that nobody brings a curve of his own. */
function readPublicKey(spki: DerNode | undefined): KeyObject {
  const [algorithm] = membersOf(spki, DerType.SEQUENCE);
  const [kind, parameters] = membersOf(algorithm, DerType.SEQUENCE);
  if (spki === undefined) throw new DerError('no public key');
  switch (oidOf(kind)) {
    case OID.rsaEncryption: {
      const key = importPublicKey(spki);
      const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
      if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) {
        throw refusal(
          `The certificate request's RSA key has ${modulusLength} bits: use one of 2048 to 8192 bits, or P-256.`,
        );
      }
      if (publicExponent !== RSA_EXPONENT) {
        throw refusal("The certificate request's RSA key has an unusual exponent: make a key with the exponent 65537.");
      }
      return key;
    }
    case OID.ecPublicKey: {
      const curve = isType(parameters, DerType.OID) ? oidOf(parameters) : null;
      if (curve !== OID.prime256v1 && curve !== OID.secp384r1) {
        throw refusal("The certificate request's key is on a curve that is not accepted: use P-256 or P-384.");
      }
      return importCurvePoint(spki, curve) ?? importPublicKey(spki);
    }
    default:
      throw refusal(
        'The certificate request has a kind of key that is not accepted: use RSA (2048 bits), P-256 or P-384.',
      );
  }
}

/**
 * A point as every tool writes it (SEC 1 section 2.3.3, uncompressed). Given as coordinates the key costs half as much to
 * read and a tenth to write again, and that is most of what a request costs. OpenSSL checks that the point is on its curve.
 * @returns null for another form
 */
function importCurvePoint(spki: DerNode, curve: string): KeyObject | null {
  const { crv, octets } = curve === OID.prime256v1 ? { crv: 'P-256', octets: 32 } : { crv: 'P-384', octets: 48 };
  const [algorithm, bits, ...rest] = childrenOf(spki);
  if (rest.length > 0 || childrenOf(algorithm).length !== 2) return null;
  const point = bitStringOf(bits);
  if (point.length !== 1 + 2 * octets || point[0] !== UNCOMPRESSED) return null;
  const coordinate = (place: number): string =>
    point.subarray(1 + place * octets, 1 + (place + 1) * octets).toString('base64url');
  try {
    return createPublicKey({ key: { kty: 'EC', crv, x: coordinate(0), y: coordinate(1) }, format: 'jwk' });
  } catch (error) {
    throw unreadable(error);
  }
}

function importPublicKey(spki: DerNode): KeyObject {
  try {
    return createPublicKey({ key: writeDer(spki), format: 'der', type: 'spki' });
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(cause: unknown): BaykeeperError {
  return refusal("The certificate request's public key can't be read: make a new key and request.", cause);
}

/** RFC 4055 wants NULL as the parameters of RSA, RFC 5758 none for ECDSA; others would stand there unsigned. */
function signatureAlgorithmOf(node: DerNode | undefined): string {
  const [id, parameters, ...rest] = membersOf(node, DerType.SEQUENCE);
  const plain = parameters === undefined || (isType(parameters, DerType.NULL) && contentOf(parameters) === '');
  const algorithm = oidOf(id);
  if (algorithm in DIGESTS && (!plain || rest.length > 0)) throw new DerError('bad signature parameters');
  return algorithm;
}

/** Checked where it stands: at most half a millisecond (P-384, RSA-8192), and as a rule less than asking another thread costs. */
function isSignedBy(key: KeyObject, signed: { algorithm: string; data: Buffer; signature: Buffer }): boolean {
  const digest = DIGESTS[signed.algorithm];
  if (digest === undefined || digest.key !== key.asymmetricKeyType) {
    throw refusal(
      'The certificate request is signed in a way that is not accepted: sign it with SHA-256 ("openssl req -sha256").',
    );
  }
  try {
    return verify(digest.digest, signed.data, key, signed.signature);
  } catch {
    // OpenSSL gives an error in place of `false` for some malformed signatures.
    return false;
  }
}

/** The extensions of the `extensionRequest` attribute (RFC 2985 section 5.4.2); other attributes are passed over. */
function readAttributes(attributes: DerNode): RequestedExtension[] {
  if (!isTagged(attributes, 0)) throw new DerError('bad attributes');
  const extensions: RequestedExtension[] = [];
  for (const attribute of childrenOf(attributes)) {
    const [kind, values] = membersOf(attribute, DerType.SEQUENCE);
    if (oidOf(kind) !== OID.extensionRequest) continue;
    for (const list of membersOf(values, DerType.SET)) {
      extensions.push(...membersOf(list, DerType.SEQUENCE).map(readExtension));
    }
  }
  if (new Set(extensions.map((extension) => extension.id)).size < extensions.length) {
    throw new DerError('the same extension twice');
  }
  return extensions;
}

function readExtension(node: DerNode): RequestedExtension {
  const parts = membersOf(node, DerType.SEQUENCE);
  const [id, flag] = parts;
  if (parts.length < 2 || parts.length > 3) throw new DerError('bad extension');
  const critical = isType(flag, DerType.BOOLEAN) && contentOf(flag) !== '\0';
  if (parts.length === 3 && !isType(flag, DerType.BOOLEAN)) throw new DerError('bad extension');
  return { id: oidOf(id), critical, value: octetStringOf(parts.at(-1)) };
}

function refusal(publicMessage: string, cause?: unknown): BaykeeperError {
  return new BaykeeperError({ code: 'invalid-input', publicMessage, cause });
}
