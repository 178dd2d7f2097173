import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BaykeeperError } from '@baykeeper/domain';
import { parseCertificateRequest } from './index.js';
import { P256, P384, RSA_2048, openOpenssl, type Openssl } from './testing/openssl.js';

let openssl: Openssl;
let p256: string;
let rsa: string;

beforeAll(async () => {
  openssl = await openOpenssl();
  p256 = await openssl.request('p256', P256, '-subj', '/C=NL/O=team-a/CN=ada');
  rsa = await openssl.request('rsa', RSA_2048, '-subj', '/O=system:masters/CN=admin');
});
afterAll(() => openssl.remove());

const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;

function refusalOf(pem: string): string {
  try {
    parseCertificateRequest(pem);
  } catch (error) {
    if (error instanceof BaykeeperError && error.code === 'invalid-input') return error.publicMessage;
    throw error;
  }
  return 'accepted';
}

describe('a request is read', () => {
  test('with the subject and key of an RSA request of openssl', () => {
    const request = parseCertificateRequest(rsa);
    expect(request.subject).toEqual({ commonNames: ['admin'], organizations: ['system:masters'] });
    expect(request.publicKey.asymmetricKeyType).toBe('rsa');
    expect(request.extensions).toEqual([]);
  });

  test('with the subject and key of elliptic-curve requests', async () => {
    const request = parseCertificateRequest(p256);
    expect(request.subject).toEqual({ commonNames: ['ada'], organizations: ['team-a'] });
    expect(request.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    const larger = parseCertificateRequest(await openssl.request('p384', P384, '-subj', '/CN=ada', '-sha384'));
    expect(larger.publicKey.asymmetricKeyDetails?.namedCurve).toBe('secp384r1');
  });

  test('with the key of a request that writes its point short', async () => {
    await openssl.run('ec', '-in', 'p256.key', '-conv_form', 'compressed', '-out', 'short.key');
    await openssl.run('req', '-new', '-key', 'short.key', '-subj', '/CN=ada', '-out', 'short.csr');
    const pem = await openssl.read('short.csr');
    // A bit string of 33 octets: the sign and one coordinate.
    expect(derOf(pem).includes(Buffer.from('032200', 'hex'))).toBe(true);
    expect(parseCertificateRequest(pem).publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  test.each([
    ['P-256', P256, '-sha256'],
    ['P-384', P384, '-sha384'],
  ] as const)('with the key of a request on %s as it stands in it', async (curve, key, digest) => {
    const pem = await openssl.request(`as-is-${curve}`, key, '-subj', '/CN=ada', digest);
    const written = parseCertificateRequest(pem).publicKey.export({ type: 'spki', format: 'der' });
    expect(derOf(pem).includes(written)).toBe(true);
  });

  test('with its extensions and whether they are critical', async () => {
    const pem = await openssl.request(
      ...(['ext', P256, '-subj', '/CN=ada'] as const),
      ...['-addext', 'keyUsage=critical,digitalSignature', '-addext', 'subjectAltName=DNS:a.example'],
    );
    const { extensions } = parseCertificateRequest(pem);
    expect(extensions.map(({ id, critical }) => [id, critical])).toEqual([
      ['2.5.29.15', true],
      ['2.5.29.17', false],
    ]);
  });

  test('with text around it, Windows line ends and the older label', async () => {
    const { output } = await openssl.run('req', '-in', 'p256.csr', '-text');
    expect(parseCertificateRequest(output).subject.commonNames).toEqual(['ada']);
    const older = p256.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST').replaceAll('\n', '\r\n');
    expect(parseCertificateRequest(older).subject.commonNames).toEqual(['ada']);
  });

  test('with the same key hash for the same key, and another for another', async () => {
    await openssl.run('req', '-new', '-key', 'p256.key', '-subj', '/CN=other', '-out', 'again.csr');
    const again = parseCertificateRequest(await openssl.read('again.csr'));
    const first = parseCertificateRequest(p256);
    expect(again.publicKeyHash).toBe(first.publicKeyHash);
    expect(parseCertificateRequest(rsa).publicKeyHash).not.toBe(first.publicKeyHash);
  });
});

describe('a request is refused', () => {
  test.each([
    ['an RSA key of 1024 bits', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'], [], 'has 1024 bits'],
    ['the exponent 3', [...RSA_2048, '-pkeyopt', 'rsa_keygen_pubexp:3'], [], 'unusual exponent'],
    ['P-521', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'], [], 'use P-256 or P-384'],
    ['secp256k1', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], [], 'use P-256 or P-384'],
    ['a curve spelled out', [...P256, '-pkeyopt', 'ec_param_enc:explicit'], [], 'use P-256 or P-384'],
    ['Ed25519', ['-algorithm', 'ED25519'], [], 'kind of key that is not accepted'],
    [
      'an RSA-PSS key',
      ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'],
      [],
      'kind of key that is not accepted',
    ],
    ['a SHA-1 signature', RSA_2048, ['-sha1'], 'sign it with SHA-256'],
    ['an MD5 signature', RSA_2048, ['-md5'], 'sign it with SHA-256'],
    ['a SHA-1 signature with ECDSA', P256, ['-sha1'], 'sign it with SHA-256'],
    ['an RSA-PSS signature', RSA_2048, ['-sigopt', 'rsa_padding_mode:pss'], 'sign it with SHA-256'],
  ] as const)('with %s', async (what, key, args, sentence) => {
    const name = what.replaceAll(/\W/g, '-');
    expect(refusalOf(await openssl.request(name, key, '-subj', '/CN=ada', ...args))).toContain(sentence);
  });

  test('when it was signed with another key than its own', async () => {
    await openssl.request('other', P256, '-subj', '/CN=ada');
    const [mine, other] = [derOf(p256), derOf(await openssl.read('other.csr'))];
    // The body of one under the signature of the other. Signatures differ in length by a few octets; the key's bits do not.
    const spkiStart = mine.indexOf(Buffer.from('3059301306072a8648ce3d0201', 'hex'));
    const otherStart = other.indexOf(Buffer.from('3059301306072a8648ce3d0201', 'hex'));
    other.copy(mine, spkiStart, otherStart, otherStart + 91);
    expect(refusalOf(pemOf(mine))).toContain('signature does not fit its key');
  });

  test('when a name in it was changed after signing', () => {
    const der = derOf(rsa);
    der.write('mallo', der.indexOf('admin'), 'latin1');
    expect(refusalOf(pemOf(der))).toContain('signature does not fit its key');
  });

  test('when its public key is no point of the curve', () => {
    const der = derOf(p256);
    const start = der.indexOf(Buffer.from('03420004', 'hex')) + 4;
    der.fill(0x55, start, start + 64);
    expect(refusalOf(pemOf(der))).toContain("public key can't be read");
  });

  test('when it is larger than 16 KiB', () => {
    expect(refusalOf(p256 + ' '.repeat(16_385 - p256.length))).toContain('larger than 16 KiB');
    expect(refusalOf(p256 + ' '.repeat(16_384 - p256.length))).toBe('accepted');
  });

  test('when it holds a private key, without repeating it', async () => {
    const refused = refusalOf(p256 + (await openssl.read('p256.key')));
    expect(refused).toContain('This holds a private key');
    expect(refused).not.toContain('BEGIN');
  });

  test.each([
    ['nothing', ''],
    ['a sentence', 'please sign me'],
    ['an empty block', '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n'],
    ['a block without an end', '-----BEGIN CERTIFICATE REQUEST-----\nMIIB'],
    ['a block that is not base64', '-----BEGIN CERTIFICATE REQUEST-----\n<xml/>\n-----END CERTIFICATE REQUEST-----\n'],
    ['a block of zeros', pemOf(Buffer.alloc(200))],
    ['deep nesting', pemOf(Buffer.from('30803080'.repeat(2_000), 'hex'))],
    ['a length of four gigabytes', pemOf(Buffer.from('3084ffffffff0000', 'hex'))],
  ])('when it is %s', (_what, text) => {
    expect(refusalOf(text)).toContain('not a certificate request in PEM form');
  });

  test('when two are sent at once', () => {
    expect(refusalOf(p256 + rsa)).toContain('not a certificate request in PEM form');
  });

  test('when it is written in BER that is not DER', () => {
    const der = derOf(rsa);
    expect([der[0], der[1]]).toEqual([0x30, 0x82]);
    // The same length in one octet more than it needs.
    const longer = Buffer.concat([Buffer.from([0x30, 0x83, 0]), der.subarray(2)]);
    expect(refusalOf(pemOf(longer))).toContain('PEM form');
  });

  test('when octets follow it', () => {
    expect(refusalOf(pemOf(Buffer.concat([derOf(p256), Buffer.from([5, 0])])))).toContain('PEM form');
  });
});

describe('whatever is sent', () => {
  /** More than a hundred times what an honest request takes. */
  const LIMIT_MS = 500;

  function isRefusedInTime(text: string): void {
    const start = performance.now();
    expect(refusalOf(text)).toMatch(/: (make|send|use|sign)/);
    expect(performance.now() - start).toBeLessThan(LIMIT_MS);
  }

  test('any text is refused with a sentence, in time', () => {
    fc.assert(fc.property(fc.string({ maxLength: 2_000, unit: 'binary' }), isRefusedInTime));
  });

  test('any octets in a PEM block are refused with a sentence, in time', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_000 }), (octets) => {
        isRefusedInTime(pemOf(Buffer.from(octets)));
      }),
    );
  });

  test('a real request with any octet changed, or cut anywhere, is refused with a sentence, in time', () => {
    for (const der of [derOf(p256), derOf(rsa)]) {
      fc.assert(
        fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, mask, cut) => {
          const changed = Buffer.from(der);
          changed[at] = (changed[at] ?? 0) ^ mask;
          isRefusedInTime(pemOf(cut ? changed.subarray(0, at) : changed));
        }),
        { numRuns: 300 },
      );
    }
  });
});
