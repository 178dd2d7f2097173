/**
 * How a command ends when it does not succeed. The exit codes are part of the interface that scripts rely on: they are
 * listed in docs/generated/cli.md and never change their meaning.
 */
export const FAILURE_CODES = [
  'unexpected',
  'usage',
  'refused',
  'not-found',
  'unauthenticated',
  'bay-failed',
  'wait-timeout',
  'cannot-connect',
  'interrupted',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

const EXIT_CODES: Record<FailureCode, number> = {
  unexpected: 1,
  usage: 2,
  refused: 3,
  'not-found': 4,
  unauthenticated: 5,
  'bay-failed': 6,
  'wait-timeout': 7,
  'cannot-connect': 8,
  // What a shell reports for a program that Ctrl-C ended (128 + SIGINT).
  interrupted: 130,
};

export interface FailureFacts {
  /** One sentence: what is wrong and what to do. */
  readonly message: string;
  /** Longer text below the sentence, such as a log tail; never needed to understand it. */
  readonly detail?: string | undefined;
  readonly httpStatus?: number | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

export class CommandFailure extends Error {
  readonly code: FailureCode;
  readonly detail: string | undefined;
  readonly httpStatus: number | undefined;
  readonly requestId: string | undefined;

  constructor(code: FailureCode, facts: FailureFacts | string) {
    const given: FailureFacts = typeof facts === 'string' ? { message: facts } : facts;
    super(given.message, { cause: given.cause });
    this.name = 'CommandFailure';
    this.code = code;
    this.detail = given.detail;
    this.httpStatus = given.httpStatus;
    this.requestId = given.requestId;
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}

/** Any thrown value as a failure; what nobody expected becomes `unexpected` with its own text. */
export function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new CommandFailure('unexpected', { message: `Something went wrong here: ${text}`, cause: error });
}

/** The failure as `--json` prints it to stderr; absent facts are null, so that the keys never change. */
export function failureJson(failure: CommandFailure): object {
  return {
    error: {
      code: failure.code,
      exit_code: failure.exitCode,
      message: failure.message,
      detail: failure.detail ?? null,
      http_status: failure.httpStatus ?? null,
      request_id: failure.requestId ?? null,
    },
  };
}
