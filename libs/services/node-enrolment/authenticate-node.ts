import { BaykeeperError, isUuid, type Node } from '@baykeeper/domain';
import { hashOfToken } from '@baykeeper/pki';
import type { NodeStore } from '@baykeeper/storage';

/** `enrolment`: what the node was made with. `session`: what it got with its certificate. */
export type NodeTokenKind = 'enrolment' | 'session';

/**
 * The node with this id, when the token is its own. Tokens are looked up by their hash, so the time it takes tells nothing
 * about them.
 * @throws BaykeeperError `unauthenticated`
 */
export async function authenticateNode(
  nodes: Pick<NodeStore, 'findByEnrolmentToken' | 'findBySessionToken'>,
  nodeId: string,
  token: string,
  kinds: readonly NodeTokenKind[],
): Promise<Node> {
  if (!isUuid(nodeId) || token === '') throw notValid();
  const hash = hashOfToken(token);
  for (const kind of kinds) {
    const node = await (kind === 'session' ? nodes.findBySessionToken(hash) : nodes.findByEnrolmentToken(hash));
    if (node?.id === nodeId) return node;
  }
  throw notValid();
}

/** A node that was given up, or is to go, gets nothing any more. @throws BaykeeperError `unauthenticated` */
export function requireStaying(node: Node | null): Node {
  if (node === null || node.failedAt !== null || node.removalRequestedAt !== null) throw notValid();
  return node;
}

export function notValid(): BaykeeperError {
  return new BaykeeperError({
    code: 'unauthenticated',
    publicMessage: "The node's token is not valid (any more): a node uses the token and the key it was made with.",
  });
}
