/** Keys and signatures by Node's own crypto, on its thread pool: the event loop never waits for them. */
import { createHash, generateKeyPair, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { bitStringOf, childrenOf, readDer } from './der.js';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const generate = promisify(generateKeyPair);

/** For authorities: every client, Java's too, accepts RSA. */
export function generateRsaKeyPair(): Promise<KeyPair> {
  return generate('rsa', { modulusLength: 2048, publicExponent: 0x10001 });
}

/** For leaves: made in under a millisecond. */
export function generateP256KeyPair(): Promise<KeyPair> {
  return generate('ec', { namedCurve: 'P-256' });
}

/** PKCS#1 v1.5 with SHA-256. */
export function signWithRsa(data: Buffer, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', data, key, (error, signature) => {
      if (error) reject(error);
      else resolve(signature);
    });
  });
}

/** PKCS#8 PEM. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** SubjectPublicKeyInfo as PEM. */
export function publicKeyPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** SubjectPublicKeyInfo. Writing it costs as much as checking a signature, so it is kept for as long as the key is. */
export function publicKeyDer(key: KeyObject): Buffer {
  const known = written.get(key);
  if (known) return known;
  const der = key.export({ type: 'spki', format: 'der' });
  written.set(key, der);
  return der;
}

const written = new WeakMap<KeyObject, Buffer>();

/** RFC 7093 section 2, method 1: the first 160 bits of the SHA-256 of the public key's bits. */
export function keyIdentifierOf(spki: Buffer): Buffer {
  const [, bits] = childrenOf(readDer(spki));
  return createHash('sha256').update(bitStringOf(bits)).digest().subarray(0, 20);
}

/** SHA-256 of the public key, in hex: two requests with the same value were made with the same key. */
export function publicKeyHashOf(key: KeyObject): string {
  return createHash('sha256').update(publicKeyDer(key)).digest('hex');
}
