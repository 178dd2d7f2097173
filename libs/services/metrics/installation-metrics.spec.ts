import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Log } from '@baykeeper/domain';
import type { InstallationMeasures, MeasureStore, Stores } from '@baykeeper/storage';
import { openInstallationMetrics } from './installation-metrics.js';

const MEASURES: InstallationMeasures = {
  outbox: { rows: 2, oldestSeconds: 1.5 },
  leases: { held: 3, expired: 1 },
  baysByStatus: { CREATE_COMPLETE: 7 },
  oldestWishSeconds: 12,
  processesUp: { api: 1, worker: 2 },
};

let time: number;
let reads: number;
let away: boolean;
let measures: InstallationMeasures;
let warnings: string[];

beforeEach(() => {
  [time, reads, away, measures, warnings] = [1_000_000, 0, false, MEASURES, []];
});

const ignore = (): void => undefined;
const log: Log = {
  debug: ignore,
  info: ignore,
  error: ignore,
  warn: (facts) => warnings.push(String(facts['source'])),
};

function open() {
  const store: MeasureStore = {
    read() {
      reads += 1;
      return away ? Promise.reject(new Error('away')) : Promise.resolve(measures);
    },
    readExpiry: () =>
      Promise.resolve({ node: new Date(2_000_000_000_000), oldestAuthorityMadeAt: new Date('2026-01-01T00:00:00Z') }),
  };
  return openInstallationMetrics({
    database: { stores: { measures: store } as unknown as Stores },
    queue: { measure: () => Promise.resolve({ jobs: { jobsByState: { waiting: 4 }, oldestSeconds: 9 } }) },
    log,
    now: () => new Date(time),
  });
}

const values = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('metrics of the installation', () => {
  it('tell of the database, the queue and certificates, without the name of a process', async () => {
    expect(values(await open().render()).sort()).toEqual(
      [
        'baykeeper_measured{source="database"} 1',
        'baykeeper_measured{source="certificates"} 1',
        'baykeeper_measured{source="queue"} 1',
        'baykeeper_outbox_rows 2',
        'baykeeper_outbox_lag_seconds 1.5',
        'baykeeper_bays_leased{state="held"} 3',
        'baykeeper_bays_leased{state="expired"} 1',
        'baykeeper_bays{status="CREATE_COMPLETE"} 7',
        'baykeeper_oldest_wish_seconds 12',
        'baykeeper_processes_up{kind="api"} 1',
        'baykeeper_processes_up{kind="worker"} 2',
        'baykeeper_queue_jobs{queue="jobs",state="waiting"} 4',
        'baykeeper_queue_lag_seconds{queue="jobs"} 9',
        'baykeeper_certificate_expiry_timestamp_seconds{kind="node"} 2000000000',
        // Ten years of 365 days.
        'baykeeper_certificate_expiry_timestamp_seconds{kind="authority"} 2082585600',
      ].sort(),
    );
  });

  it('ask once, however many ask them within five seconds', async () => {
    const metrics = open();
    await Promise.all([metrics.render(), metrics.render()]);
    time += 4_999;
    await metrics.render();
    expect(reads).toBe(1);
    time += 1;
    measures = { ...MEASURES, baysByStatus: { UPDATE_FAILED: 1 } };
    const text = await metrics.render();
    expect(reads).toBe(2);
    expect(text).toContain('baykeeper_bays{status="UPDATE_FAILED"} 1\n');
    expect(text).not.toContain('CREATE_COMPLETE');
  });

  it('leave out what can not be read, and say so', async () => {
    const metrics = open();
    await metrics.render();
    [time, away] = [time + 5_000, true];
    const text = await metrics.render();
    expect(text).toContain('baykeeper_measured{source="database"} 0\n');
    expect(text).toContain('baykeeper_measured{source="queue"} 1\n');
    expect(values(text).filter((line) => /outbox|bays|wish|processes/.test(line))).toEqual([]);
    expect(warnings).toEqual(['database']);
    [time, away] = [time + 5_000, false];
    expect(await metrics.render()).toContain('baykeeper_outbox_rows 2\n');
  });
});
