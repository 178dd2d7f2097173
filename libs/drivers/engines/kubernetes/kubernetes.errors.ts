import { BaykeeperError, detailOf, type ErrorCode } from '@baykeeper/domain';

interface Meaning {
  readonly code: ErrorCode;
  readonly publicMessage: string;
}

const BUSY: Meaning = {
  code: 'provider-unavailable',
  publicMessage: 'The cluster could not do it at the moment. It is tried again.',
};
const REFUSED: Meaning = {
  code: 'provider-refused',
  publicMessage: 'The cluster refused a request of ours. Tell the operator.',
};

/**
 * What a status of the Kubernetes API means for us; the rest is {@link BUSY}. Never decided by the text of a message. Of an
 * eviction 429 means that a disruption budget forbids it now; elsewhere, that there are too many requests.
 */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: REFUSED,
  401: REFUSED,
  403: REFUSED,
  404: { code: 'not-found', publicMessage: 'The cluster does not know this any more.' },
  405: REFUSED,
  409: { code: 'conflict', publicMessage: 'Somebody else changed this in the cluster. It is tried again.' },
  415: REFUSED,
  422: REFUSED,
  429: { code: 'too-many-requests', publicMessage: 'The cluster wants a pause. It is tried again.' },
};

/** @param call method and path, for the operator: paths hold no secrets. */
export function clusterProblem(status: number, call: string, answer: string): BaykeeperError {
  return new BaykeeperError({
    ...(MEANINGS[status] ?? BUSY),
    detail: `${call} answered ${String(status)}: ${answer.slice(0, 300)}`,
  });
}

/** No answer, or none that this kind of server would give. */
export function unreachable(address: string, cause: unknown): BaykeeperError {
  return new BaykeeperError({
    code: 'provider-unavailable',
    publicMessage: "None of the bay's masters answered. It is tried again.",
    detail: `${address}: ${detailOf(cause)}`,
    cause,
  });
}
