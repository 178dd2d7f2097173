/**
 * Secrets of application credentials. Those that we make are 256 random bits, which nobody can guess: a plain hash
 * is enough, and programs log in often. Those that a user chose are hashed as slowly as passwords.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Passwords } from './password.js';

const SECRET_BYTES = 32;
const PLAIN = 'sha256$';

export function makeSecret(): { readonly secret: string; readonly hash: string } {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { secret, hash: plainHash(secret) };
}

/** In constant time. @param source see {@link Passwords.matches} */
export async function secretMatches(
  passwords: Passwords,
  secret: string,
  stored: string,
  source: string,
): Promise<boolean> {
  if (!stored.startsWith(PLAIN)) return passwords.matches(secret, stored, source);
  const [given, expected] = [Buffer.from(plainHash(secret)), Buffer.from(stored)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function plainHash(secret: string): string {
  return PLAIN + createHash('sha256').update(secret).digest('base64url');
}
