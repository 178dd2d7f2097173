/** Whether a process can do its work now, asked of each thing it depends on. */
import { detailOf } from '@baykeeper/domain';
import { inTime } from './in-time.js';

/** Resolves when the dependency answers. */
export type ReadinessCheck = () => Promise<unknown>;

export interface Readiness {
  readonly ready: boolean;
  /** `detail` is for operators; it may name hosts, so it goes to the log and not to strangers. */
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>;
}

/** A dependency that takes longer than this is as good as gone for whoever asks. */
const TIMEOUT_MILLISECONDS = 2_000;

/** Asks all dependencies at the same time. Never throws, and never takes longer than the timeout. */
export async function checkReadiness(
  checks: Readonly<Record<string, ReadinessCheck>>,
  timeoutMilliseconds = TIMEOUT_MILLISECONDS,
): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await inTime(timeoutMilliseconds, check);
        return [name, { ok: true, detail: 'ok' }] as const;
      } catch (error) {
        return [name, { ok: false, detail: detailOf(error) }] as const;
      }
    }),
  );
  const answers: Readiness['checks'] = Object.fromEntries<{ ok: boolean; detail: string }>(results);
  return { ready: results.every(([, { ok }]) => ok), checks: answers };
}
