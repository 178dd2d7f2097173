/**
 * Public keys as OpenSSH writes them (RFC 4253 section 6.6, RFC 5656, RFC 8709): `<type> <base64> [comment]`. A key is read
 * to its last byte before it is taken, because it becomes a line of a node's `authorized_keys`.
 */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import { invalidAttribute } from '../validation/refuse.js';

export interface SshPublicKey {
  /** The algorithm: `ssh-ed25519`. */
  readonly type: string;
  /** One line, with single blanks between its parts. */
  readonly line: string;
  /** MD5 in pairs of hex digits, as Nova gives it. */
  readonly fingerprint: string;
  /** As OpenSSH prints it: `SHA256:…`. */
  readonly sha256Fingerprint: string;
}

export const LONGEST_PUBLIC_KEY = 8_192;
/** Shorter ones can be broken; longer ones make every login slow. */
const RSA_BITS = { least: 2_048, most: 16_384 };
const CURVES: Readonly<Record<string, { readonly name: string; readonly bytes: number }>> = {
  nistp256: { name: 'P-256', bytes: 32 },
  nistp384: { name: 'P-384', bytes: 48 },
  nistp521: { name: 'P-521', bytes: 66 },
};
const ADVICE =
  'give an OpenSSH public key of type ssh-ed25519, ecdsa-sha2-nistp256, -384 or -521, or ssh-rsa with 2048 bits or more';

/** @throws BaykeeperError `invalid-input` for anything but one whole key of a type that is taken */
export function parseSshPublicKey(text: string): SshPublicKey {
  const [type = '', encoded = '', ...comment] = text.trim().split(/[ \t]+/);
  const blob = Buffer.from(encoded, 'base64');
  // Node ignores what is no base64: only what comes out the same again was all of it.
  const isWhole = encoded !== '' && blob.toString('base64') === encoded;
  const isLine =
    text.length <= LONGEST_PUBLIC_KEY && !/[\p{Cc}\p{Surrogate}\u2028\u2029]/u.test(text.trim().replaceAll('\t', ' '));
  if (!isWhole || !isLine || !isKey(type, blob)) throw invalidAttribute('public_key', ADVICE);
  return describeKey(type, blob, comment.join(' '));
}

function describeKey(type: string, blob: Buffer, comment: string): SshPublicKey {
  const md5 = createHash('md5').update(blob).digest('hex');
  return {
    type,
    line: [type, blob.toString('base64'), comment].filter((part) => part !== '').join(' '),
    fingerprint: (md5.match(/../g) ?? []).join(':'),
    sha256Fingerprint: `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`,
  };
}

function isKey(type: string, blob: Buffer): boolean {
  const fields = readFields(blob);
  const [named, ...rest] = fields ?? [];
  if (named?.toString('latin1') !== type) return false;
  if (type === 'ssh-ed25519') return rest.length === 1 && isPoint(rest[0]);
  if (type === 'ssh-rsa') return rest.length === 2 && isRsa(rest[0], rest[1]);
  const curve = /^ecdsa-sha2-(nistp\d{3})$/.exec(type)?.[1] ?? '';
  return rest.length === 2 && rest[0]?.toString('latin1') === curve && isOnCurve(curve, rest[1]);
}

/** The blob is a row of texts, each after its length in four bytes. Null when it does not come out even. */
function readFields(blob: Buffer): readonly Buffer[] | null {
  const fields: Buffer[] = [];
  let offset = 0;
  while (offset < blob.length) {
    if (blob.length - offset < 4) return null;
    const end = offset + 4 + blob.readUInt32BE(offset);
    if (end > blob.length) return null;
    fields.push(blob.subarray(offset + 4, end));
    offset = end;
  }
  return fields;
}

function isPoint(point: Buffer | undefined): boolean {
  return point?.length === 32 && isImportable({ kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') });
}

function isOnCurve(curveName: string, point: Buffer | undefined): boolean {
  const curve = Object.hasOwn(CURVES, curveName) ? CURVES[curveName] : undefined;
  // 4: both coordinates follow, uncompressed; OpenSSH takes no other form.
  if (curve === undefined || point?.length !== 1 + 2 * curve.bytes || point[0] !== 4) return false;
  const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)];
  return isImportable({ kty: 'EC', crv: curve.name, x: x.toString('base64url'), y: y.toString('base64url') });
}

function isRsa(exponent: Buffer | undefined, modulus: Buffer | undefined): boolean {
  const [e, n] = [readPositive(exponent), readPositive(modulus)];
  if (e === null || n === null || e < 3n || e % 2n === 0n || n % 2n === 0n) return false;
  const bits = n.toString(2).length;
  return bits >= RSA_BITS.least && bits <= RSA_BITS.most && e < n;
}

/** A number as RFC 4251 writes it: no byte more than it needs, the first bit is its sign. */
function readPositive(bytes: Buffer | undefined): bigint | null {
  const [first, second] = bytes ?? [];
  if (bytes === undefined || first === undefined || first >= 0x80) return null;
  if (first === 0 && (second === undefined || second < 0x80)) return null;
  return BigInt(`0x${bytes.toString('hex')}`);
}

function isImportable(key: JsonWebKey): boolean {
  try {
    createPublicKey({ key, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

export interface NewSshKey {
  readonly publicKey: SshPublicKey;
  /** In OpenSSH's own format, without a passphrase. */
  readonly privateKey: string;
}

/** A fresh Ed25519 key pair. */
export function generateSshKey(comment: string): NewSshKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' });
  const [point, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const type = 'ssh-ed25519';
  const blob = Buffer.concat([field(type), field(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    ...[check, check, field(type), field(point), field(Buffer.concat([seed, point])), field(comment)],
  ]);
  // Padded to the block of a cipher, also when there is none.
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([
    ...[Buffer.from('openssh-key-v1\0'), field('none'), field('none'), field(''), one],
    ...[field(blob), field(Buffer.concat([secret, padding]))],
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    publicKey: describeKey(type, blob, comment),
    privateKey: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
  };
}

function field(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
