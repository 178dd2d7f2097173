/**
 * A node's single-use token, derived instead of drawn: making the same machine twice gives it the same token, so a node
 * whose creation was interrupted and repeated still gets in. It is kept as a hash only, and bound to the first key it is
 * used with.
 */
import { createHash, createHmac } from 'node:crypto';

/**
 * @param masterKey the installation's master key, 32 octets
 * @returns 256 bits as base64url: unguessable without the master key (HMAC-SHA256, RFC 2104)
 */
export function enrolmentTokenOf(masterKey: Buffer, nodeId: string): string {
  return createHmac('sha256', masterKey).update(`baykeeper node enrolment\0${nodeId}`).digest('base64url');
}

/**
 * The token of a node's further calls. Derived from the key the node enrolled with: a node that asks again because the
 * answer was lost gets the same token, and two such calls can't invalidate each other's.
 * @param publicKeyHash SHA-256 of the node's public key, in hex
 */
export function sessionTokenOf(masterKey: Buffer, nodeId: string, publicKeyHash: string): string {
  return createHmac('sha256', masterKey)
    .update(`baykeeper node session\0${nodeId}\0${publicKeyHash}`)
    .digest('base64url');
}

/** Tokens are kept as SHA-256 only, in hex: they have 256 bits, so a slow hash would add nothing. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
