/**
 * The closed error type of the product. `publicMessage` is for the tenant: it says what is wrong and what to do, and
 * never holds a secret or another project's name. `detail` and `cause` are for the operator's log only.
 */
export const ERROR_CODES = [
  'invalid-input',
  'unauthenticated',
  'forbidden',
  'not-found',
  'method-not-allowed',
  'not-acceptable',
  'conflict',
  'payload-too-large',
  'unsupported-media-type',
  'too-many-requests',
  'quota-exceeded',
  'provider-unavailable',
  'provider-refused',
  'timeout',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly detail?: string | undefined;
  /** When trying again has a chance, where that is known. */
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

export class BaykeeperError extends Error {
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly detail: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(facts: ErrorFacts) {
    super(facts.detail === undefined ? facts.publicMessage : `${facts.publicMessage} (${facts.detail})`, {
      cause: facts.cause,
    });
    this.name = 'BaykeeperError';
    this.code = facts.code;
    this.publicMessage = facts.publicMessage;
    this.detail = facts.detail;
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

/** The HTTP status of a code, as MAGNUM answers in the same situation. */
export function httpStatusOf(code: ErrorCode): number {
  const statuses: Record<ErrorCode, number> = {
    'invalid-input': 400,
    unauthenticated: 401,
    forbidden: 403,
    'not-found': 404,
    'method-not-allowed': 405,
    'not-acceptable': 406,
    conflict: 409,
    'payload-too-large': 413,
    'unsupported-media-type': 415,
    'too-many-requests': 429,
    'quota-exceeded': 403,
    'provider-unavailable': 503,
    'provider-refused': 502,
    timeout: 504,
    internal: 500,
  };
  return statuses[code];
}

/** Whether trying the same thing again later may succeed without anybody changing anything. */
export function isRetryable(code: ErrorCode): boolean {
  return code === 'provider-unavailable' || code === 'timeout' || code === 'internal' || code === 'too-many-requests';
}

/** One sentence for a tenant about any thrown value; unknown errors never show their own text. */
export function publicMessageOf(error: unknown): string {
  return error instanceof BaykeeperError ? error.publicMessage : 'Something went wrong on our side. Try again later.';
}

/** The text of any thrown value, for an operator's log. */
export function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
