/**
 * Metrics of the whole installation: read from the database and from Redis, the same whichever process is asked, and so
 * without the name of a process. They are read when somebody asks and kept for a moment, so that many who ask cost as one.
 * What can't be read is left out, and `baykeeper_measured` says so.
 */
import { detailOf, type Log } from '@baykeeper/domain';
import { authorityExpiry } from '@baykeeper/pki';
import { Gauge, Registry, inTime } from '@baykeeper/platform';
import type { BayQueue, QueueMeasures } from '@baykeeper/queue';
import type { Database, InstallationMeasures, SoonestExpiry } from '@baykeeper/storage';

export interface InstallationMetricsDependencies {
  readonly database: Pick<Database, 'stores'>;
  readonly queue: Pick<BayQueue, 'measure'>;
  readonly log: Log;
  readonly now?: () => Date;
}

export interface InstallationMetrics {
  /** The text format. Never rejects. */
  render(): Promise<string>;
}

/** Somewhat less than what scrapers usually wait between two questions. */
const KEPT_MS = 5_000;
/** Certificates live for days. */
const EXPIRY_KEPT_MS = 60_000;
/** Less than a scraper waits for all. */
const LONGEST_READ_MS = 2_000;

export function openInstallationMetrics(dependencies: InstallationMetricsDependencies): InstallationMetrics {
  const { database, queue, log, now = () => new Date() } = dependencies;
  const registry = new Registry();
  const gauges = makeGauges(registry);
  const sources: readonly Source[] = [
    keep('database', KEPT_MS, () => database.stores.measures.read(), gauges.setMeasures),
    keep('certificates', EXPIRY_KEPT_MS, () => database.stores.measures.readExpiry(), gauges.setExpiry),
    keep('queue', KEPT_MS, () => queue.measure(now()), gauges.setQueues),
  ];

  const refresh = async ({ name, read }: Source): Promise<void> => {
    try {
      await read(now().getTime());
      gauges.measured.set({ source: name }, 1);
    } catch (error) {
      gauges.measured.set({ source: name }, 0);
      log.warn({ source: name, error: detailOf(error) }, 'reading metrics of the installation failed');
    }
  };
  return {
    async render() {
      await Promise.all(sources.map(refresh));
      return await registry.metrics();
    },
  };
}

interface Source {
  readonly name: string;
  /** Sets gauges, or empties them and rejects. */
  readonly read: (now: number) => Promise<void>;
}

/** Asks once in so long, also when it fails: what is in trouble is not helped by more questions. */
function keep<T>(name: string, forMs: number, ask: () => Promise<T>, set: (answer: T | null) => void): Source {
  let kept: { readonly at: number; readonly answer: Promise<void> } | null = null;
  const read = async (): Promise<void> => {
    try {
      set(await inTime(LONGEST_READ_MS, ask));
    } catch (error) {
      set(null);
      throw error;
    }
  };
  return {
    name,
    read(now) {
      if (kept === null || now - kept.at >= forMs) kept = { at: now, answer: read() };
      return kept.answer;
    },
  };
}

function makeGauges(registry: Registry) {
  const gauge = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name: `baykeeper_${name}`, help, labelNames, registers: [registry] });

  const measured = gauge('measured', 'Whether the metrics of this source could be read', 'source');
  const outboxRows = gauge('outbox_rows', 'Wishes that are not in the queue yet');
  const outboxAge = gauge('outbox_lag_seconds', 'How long the oldest of them waits');
  const leases = gauge('bays_leased', 'Bays whose lease a worker holds (held) or died with (expired)', 'state');
  const bays = gauge('bays', 'Bays by status', 'status');
  const oldestWish = gauge('oldest_wish_seconds', 'Time since the oldest wish was made that is not fulfilled yet');
  const processes = gauge('processes_up', 'Processes that were heard of lately', 'kind');
  const jobs = gauge('queue_jobs', 'Jobs by queue and state', 'queue', 'state');
  const queueAge = gauge('queue_lag_seconds', 'How long the oldest job waits that could run', 'queue');
  const expiry = gauge(
    'certificate_expiry_timestamp_seconds',
    'When the certificate of each kind ends that ends first, in seconds since 1970',
    'kind',
  );
  const setDate = (kind: string, date: Date | null): void => {
    if (date !== null) expiry.set({ kind }, date.getTime() / 1_000);
  };
  return {
    measured,
    setMeasures: (read: InstallationMeasures | null): void => {
      for (const plain of [outboxRows, outboxAge, oldestWish]) plain.remove();
      for (const labelled of [leases, bays, processes]) labelled.reset();
      if (read === null) return;
      outboxRows.set(read.outbox.rows);
      outboxAge.set(read.outbox.oldestSeconds);
      leases.set({ state: 'held' }, read.leases.held);
      leases.set({ state: 'expired' }, read.leases.expired);
      for (const [status, count] of Object.entries(read.baysByStatus)) bays.set({ status }, count);
      oldestWish.set(read.oldestWishSeconds);
      for (const [kind, count] of Object.entries(read.processesUp)) processes.set({ kind }, count);
    },
    setExpiry: (read: SoonestExpiry | null): void => {
      expiry.reset();
      if (read === null) return;
      setDate('node', read.node);
      setDate('authority', read.oldestAuthorityMadeAt && authorityExpiry(read.oldestAuthorityMadeAt));
    },
    setQueues: (read: Readonly<Record<string, QueueMeasures>> | null): void => {
      jobs.reset();
      queueAge.reset();
      for (const [queue, { jobsByState, oldestSeconds }] of Object.entries(read ?? {})) {
        for (const [state, count] of Object.entries(jobsByState)) jobs.set({ queue, state }, count);
        queueAge.set({ queue }, oldestSeconds);
      }
    },
  };
}
