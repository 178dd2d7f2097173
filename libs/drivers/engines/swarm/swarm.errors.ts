import { BaykeeperError, detailOf, type ErrorCode } from '@baykeeper/domain';

/** What a status of the Docker Engine API means for us. Never decided by the text of a message. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'provider-refused',
  403: 'provider-refused',
  404: 'not-found',
  406: 'provider-refused',
  409: 'conflict',
  500: 'provider-unavailable',
  // The engine is no manager, or its cluster has no leader.
  503: 'provider-unavailable',
};

export function dockerProblem(status: number, call: string, answer: string): BaykeeperError {
  return new BaykeeperError({
    code: CODES[status] ?? 'provider-unavailable',
    publicMessage: 'The swarm refused a change for now. It is tried again.',
    detail: `${call} answered ${String(status)}: ${answer.slice(0, 300)}`,
  });
}

export function unreachable(address: string, cause: unknown): BaykeeperError {
  return new BaykeeperError({
    code: 'provider-unavailable',
    publicMessage: "None of the bay's managers answered. It is tried again.",
    detail: `${address}: ${detailOf(cause)}`,
    cause,
  });
}
