import { BaykeeperError } from '@baykeeper/domain';

/** What went wrong between us and the Keystone. */
export type KeystoneFailureKind =
  /** No answer, or none in time, or one that says that it can't at the moment. */
  | 'unreachable'
  /** Something answers, and what it shows for a certificate is signed by nobody we trust, or is not valid now. */
  | 'untrusted'
  /** Its certificate is good, for other names. */
  | 'misnamed'
  /** What answers speaks no TLS, or another one. */
  | 'no-tls'
  /** It does not take our user's name and password. */
  | 'user-refused'
  /** Our user may not validate tokens. */
  | 'not-allowed'
  /** The answer is none of a Keystone. */
  | 'unreadable';

/** Its message is for operators, and holds no token and no password. */
export class KeystoneFailure extends Error {
  constructor(
    readonly kind: KeystoneFailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'KeystoneFailure';
  }
}

const RETRY_AFTER_SECONDS = 5;

/** For a client: it can do nothing but wait, whatever went wrong. */
export function unavailable(failure: unknown): BaykeeperError {
  if (failure instanceof BaykeeperError) return failure;
  return new BaykeeperError({
    code: 'provider-unavailable',
    publicMessage: 'The identity service could not be asked about your token: try again in a moment.',
    detail: failure instanceof Error ? failure.message : undefined,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause: failure,
  });
}
