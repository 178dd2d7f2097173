/**
 * A node's single-use token, derived instead of drawn: making the same machine twice gives it the same token, so a node
 * whose creation was interrupted and repeated still gets in. It is kept as a hash only, and bound to the first key it is
 * used with.
 */
import { createHmac } from 'node:crypto';

/**
 * @param masterKey the installation's master key, 32 octets
 * @returns 256 bits as base64url: unguessable without the master key (HMAC-SHA256, RFC 2104)
 */
export function enrolmentTokenOf(masterKey: Buffer, nodeId: string): string {
  return createHmac('sha256', masterKey).update(`baykeeper node enrolment\0${nodeId}`).digest('base64url');
}
