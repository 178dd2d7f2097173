/** Whether a process can do its work now, asked of each thing it depends on. */
import { BaykeeperError, detailOf } from '@baykeeper/domain';
import { inTime } from './in-time.js';

export interface ReadinessCheck {
  /**
   * Resolves when all is well. What it throws goes to the log; only of a `conflict` the public message is told to whoever
   * asked, because it says what to do.
   */
  readonly ask: () => Promise<unknown>;
  /** Told to whoever asked in place of any other error: it names no host and no secret. */
  readonly sentence: string;
  /** It is told, and the process is ready all the same. */
  readonly isOnlyTold?: boolean;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, boolean>>;
  /** A sentence for each check that failed, for anybody. */
  readonly reasons: readonly string[];
  /** The same for operators; it may name hosts. */
  readonly details: Readonly<Record<string, string>>;
}

/** A dependency that takes longer than this is as good as gone for whoever asks. */
const TIMEOUT_MILLISECONDS = 2_000;

/** Asks all dependencies at the same time. Never throws, and never takes longer than the timeout. */
export async function checkReadiness(
  checks: Readonly<Record<string, ReadinessCheck>>,
  timeoutMilliseconds = TIMEOUT_MILLISECONDS,
): Promise<Readiness> {
  const answers = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const failure = await failureOf(check, timeoutMilliseconds);
      return { name, failure, isRequired: check.isOnlyTold !== true };
    }),
  );
  const failed = answers.flatMap(({ name, failure }) => (failure === null ? [] : [{ name, ...failure }]));
  return {
    ready: answers.every(({ failure, isRequired }) => failure === null || !isRequired),
    checks: Object.fromEntries(answers.map(({ name, failure }) => [name, failure === null])),
    reasons: failed.map(({ reason }) => reason),
    details: Object.fromEntries(failed.map(({ name, detail }) => [name, detail])),
  };
}

async function failureOf(
  { ask, sentence }: ReadinessCheck,
  timeoutMilliseconds: number,
): Promise<{ readonly reason: string; readonly detail: string } | null> {
  try {
    await inTime(timeoutMilliseconds, ask);
    return null;
  } catch (error) {
    const isOurs = error instanceof BaykeeperError && error.code === 'conflict';
    return { reason: isOurs ? error.publicMessage : sentence, detail: detailOf(error) };
  }
}

/** As long as a burst of questions lasts; a balancer asks less often. */
const KEPT_MILLISECONDS = 1_000;

/**
 * The answer to whoever asks, kept for a second: everybody may ask, and no question may cost the database more than that.
 * Once `stop` was called it is never ready again, so that balancers send no more requests.
 */
export class ReadinessProbe {
  private kept: { readonly at: number; readonly answer: Promise<Readiness> } | null = null;
  private stopping = false;
  private failing = '';

  /** @param onChange is told what fails whenever that is something else than before */
  constructor(
    private readonly checks: Readonly<Record<string, ReadinessCheck>>,
    private readonly onChange: (details: Readiness['details']) => void = () => undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  async read(): Promise<Readiness> {
    if (this.kept === null || this.now() - this.kept.at >= KEPT_MILLISECONDS) {
      this.kept = { at: this.now(), answer: this.ask() };
    }
    const answer = await this.kept.answer;
    if (!this.stopping) return answer;
    return { ...answer, ready: false, reasons: [...answer.reasons, 'This process is stopping.'] };
  }

  stop(): void {
    this.stopping = true;
  }

  private async ask(): Promise<Readiness> {
    const answer = await checkReadiness(this.checks);
    const failing = Object.keys(answer.details).join(' ');
    if (failing !== this.failing) this.onChange(answer.details);
    this.failing = failing;
    return answer;
  }
}
