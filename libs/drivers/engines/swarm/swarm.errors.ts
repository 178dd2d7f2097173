import { BaykeeperError, detailOf, type ErrorCode } from '@baykeeper/domain';

interface Meaning {
  readonly code: ErrorCode;
  readonly publicMessage: string;
}

const BUSY: Meaning = {
  code: 'provider-unavailable',
  publicMessage: 'The swarm could not do it at the moment. It is tried again.',
};
const REFUSED: Meaning = {
  code: 'provider-refused',
  publicMessage: 'The swarm refused a request of ours. Tell the operator.',
};
const CONFLICT: Meaning = {
  code: 'conflict',
  publicMessage: 'The swarm cannot do this in its present state. Bring its managers back first.',
};

/**
 * What a status of the Docker Engine API means for us; the rest is {@link BUSY}. Never decided by the text of a message.
 * A manager without a leader, or an engine that is no manager, answers 503; a node that was changed by somebody else in
 * between, 500.
 */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: REFUSED,
  401: REFUSED,
  403: REFUSED,
  404: { code: 'not-found', publicMessage: 'The swarm does not know this node any more.' },
  406: REFUSED,
  409: CONFLICT,
  412: CONFLICT,
  501: REFUSED,
};

/** @param call method and path, for the operator: paths hold no secrets. */
export function dockerProblem(status: number, call: string, answer: string): BaykeeperError {
  return new BaykeeperError({
    ...(MEANINGS[status] ?? BUSY),
    detail: `${call} answered ${String(status)}: ${answer.slice(0, 300)}`,
  });
}

/** No answer, or none that Docker would give. */
export function unreachable(address: string, cause: unknown): BaykeeperError {
  return new BaykeeperError({
    code: 'provider-unavailable',
    publicMessage: "None of the bay's managers answered. It is tried again.",
    detail: `${address}: ${detailOf(cause)}`,
    cause,
  });
}
