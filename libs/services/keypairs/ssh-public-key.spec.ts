import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generateSshKey, parseSshPublicKey } from './ssh-public-key.js';

/** Made by ssh-keygen. */
const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFkfpvk8CxAtsQacbAch4syx6CvT/KXdu0nv0f8KWPqA ada@example';

const field = (content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]), bytes]);
};
const keyOf = (type: string, ...fields: readonly (Buffer | string)[]): string =>
  `${type} ${Buffer.concat([type, ...fields].map(field)).toString('base64')}`;
const taken = (key: string): boolean => {
  try {
    parseSshPublicKey(key);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid-input' });
    return false;
  }
};
const rsaKey = (bits: number): string => {
  const { n = '', e = '' } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
  const modulus = Buffer.concat([Buffer.from([0]), Buffer.from(n, 'base64url')]);
  return keyOf('ssh-rsa', Buffer.from(e, 'base64url'), modulus);
};

describe('a public key', () => {
  it('is one line, whatever stood around it', () => {
    const spaced = `  ${ED25519.replaceAll(' ', ' \t ')}\n`;
    expect(parseSshPublicKey(spaced)).toMatchObject({ type: 'ssh-ed25519', line: ED25519 });
    expect(parseSshPublicKey(ED25519.replace(' ada@example', '')).line).toBe(ED25519.replace(' ada@example', ''));
  });

  it('has the fingerprints that ssh-keygen prints for it', () => {
    expect(parseSshPublicKey(ED25519)).toMatchObject({
      fingerprint: 'd4:c1:13:c2:57:8a:4b:2c:ee:9a:0c:da:58:94:3a:e9',
      sha256Fingerprint: 'SHA256:5evm5FpR8XL2Y07dzOgNx28I0Yc+X6dUpHZgAtaYSMs',
    });
  });

  it.each([
    ['nothing', ''],
    ['a word', 'key'],
    ['a type without a key', 'ssh-ed25519'],
    ['options before it', `command="rm -rf /" ${ED25519}`],
    ['two lines', `${ED25519}\n${ED25519}`],
    ['a comment with an end of line', `${ED25519}\rssh-rsa AAAA`],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['another type before the same bytes', ED25519.replace('ssh-ed25519', 'ssh-rsa')],
    ['a type that is not taken', keyOf('ssh-dss', 'a', 'b', 'c', 'd')],
    ['a key that is cut', ED25519.replace('WPqA', '')],
    ['a key with more behind it', keyOf('ssh-ed25519', Buffer.alloc(32, 7), 'more')],
    ['a key that is too short', keyOf('ssh-ed25519', Buffer.alloc(31, 7))],
    ['characters that are no base64', ED25519.replace('AAAAC3', 'AAAA*C3')],
    ['another curve than its type says', keyOf('ecdsa-sha2-nistp256', 'nistp384', Buffer.alloc(97, 4))],
    ['a point beside the curve', keyOf('ecdsa-sha2-nistp256', 'nistp256', Buffer.alloc(65, 4))],
    ['a curve that is called like a property', keyOf('ecdsa-sha2-constructor', 'constructor', Buffer.alloc(65, 4))],
    [
      'an even modulus',
      keyOf('ssh-rsa', Buffer.from([1, 0, 1]), Buffer.concat([Buffer.from([0, 255]), Buffer.alloc(256)])),
    ],
    ['a comment without an end', `${ED25519}${'x'.repeat(9_000)}`],
  ])('is not %s', (_what, key) => {
    expect(taken(key)).toBe(false);
  });

  it('of RSA has 2048 bits at least', () => {
    expect(taken(rsaKey(2048))).toBe(true);
    expect(taken(rsaKey(1024))).toBe(false);
  });

  it('is taken or refused in a sentence, whatever bytes come', () => {
    const types = fc.constantFrom('ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp521', 'ssh-dss');
    const fields = fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant('nistp256')), { maxLength: 4 });
    const anyKey = fc.tuple(types, fields).map(([type, rest]) => keyOf(type, ...rest.map((part) => Buffer.from(part))));
    fc.assert(
      fc.property(fc.oneof(anyKey, fc.string(), fc.string({ unit: 'binary' })), (text) => {
        taken(text);
      }),
    );
  });
});

const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined;
const title = hasKeygen ? 'beside ssh-keygen' : 'beside ssh-keygen, which is not installed here';

(hasKeygen ? describe : describe.skip)(title, () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'bk-keys-'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });
  const keygen = (...words: string[]): string => execFileSync('ssh-keygen', words, { encoding: 'utf8' });
  const printed = (file: string, hash: string): string => keygen('-l', '-E', hash, '-f', file).split(' ')[1] ?? '';

  it.each([
    ['ed25519', '256', 'ssh-ed25519'],
    ['ecdsa', '256', 'ecdsa-sha2-nistp256'],
    ['ecdsa', '384', 'ecdsa-sha2-nistp384'],
    ['ecdsa', '521', 'ecdsa-sha2-nistp521'],
    ['rsa', '2048', 'ssh-rsa'],
  ])('a key of %s with %s bits has the same fingerprints', (type, bits, name) => {
    const file = join(directory, `${type}-${bits}`);
    keygen('-q', '-t', type, '-b', bits, '-N', '', '-C', 'ada lovelace', '-f', file);
    const key = readFileSync(`${file}.pub`, 'utf8');
    expect(parseSshPublicKey(key)).toEqual({
      type: name,
      line: key.trim(),
      fingerprint: printed(file, 'md5').replace('MD5:', ''),
      sha256Fingerprint: printed(file, 'sha256'),
    });
  });

  it('a pair that was made here is one that OpenSSH can use', () => {
    for (const comment of ['', 'a', 'my laptop', 'x'.repeat(200)]) {
      const { publicKey, privateKey } = generateSshKey(comment);
      const file = join(directory, `made-${String(comment.length)}`);
      writeFileSync(file, privateKey, { mode: 0o600 });
      expect(keygen('-y', '-P', '', '-f', file).trim()).toBe(publicKey.line);
      expect(printed(file, 'sha256')).toBe(publicKey.sha256Fingerprint);
      expect(parseSshPublicKey(publicKey.line)).toEqual(publicKey);
    }
  });
});
