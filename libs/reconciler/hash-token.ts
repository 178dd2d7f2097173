import { createHash } from 'node:crypto';

/** Tokens are kept as SHA-256 only: they are 256 random bits, so a slow hash would add nothing. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
