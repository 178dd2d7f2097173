/** What every process of ours counts for itself, whatever it does. */
import { BaykeeperError } from '@baykeeper/domain';
import type { AroundCall } from '@baykeeper/drivers';
import { Counter, Gauge, Histogram, type Registry } from '@baykeeper/platform';
import type { Database } from '@baykeeper/storage';

/** From a simulated driver's instant to an image that is built. */
const CALL_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/** Measures each call of a driver; give it to `watchCalls`. */
export function measureCalls(registry: Registry): AroundCall {
  const labelNames = ['kind', 'driver', 'operation'] as const;
  const registers = [registry];
  const seconds = new Histogram({
    name: 'baykeeper_driver_call_seconds',
    help: 'Time of calls to drivers, failed ones too',
    buckets: CALL_SECONDS,
    labelNames,
    registers,
  });
  const errors = new Counter({
    name: 'baykeeper_driver_errors_total',
    help: 'Calls to drivers that failed, by the code of the error',
    labelNames: [...labelNames, 'code'] as const,
    registers,
  });
  const open = new Gauge({
    name: 'baykeeper_driver_calls_open',
    help: 'Calls to drivers that have not answered yet',
    labelNames,
    registers,
  });
  return async (call, work) => {
    const labels = { ...call };
    const stop = seconds.startTimer(labels);
    open.inc(labels);
    try {
      return await work();
    } catch (error) {
      errors.inc({ ...labels, code: error instanceof BaykeeperError ? error.code : 'internal' });
      throw error;
    } finally {
      open.dec(labels);
      stop();
    }
  };
}

export function measurePool(registry: Registry, database: Pick<Database, 'pool'>): void {
  new Gauge({
    name: 'baykeeper_database_connections',
    help: 'Connections of the pools: used and idle ones, and callers that wait for one',
    labelNames: ['state'] as const,
    registers: [registry],
    collect() {
      const { open, idle, waiting } = database.pool();
      this.set({ state: 'used' }, open - idle);
      this.set({ state: 'idle' }, idle);
      this.set({ state: 'waiting' }, waiting);
    },
  });
}

/** @returns to be called with how many entries of the audit were left out */
export function measureAudit(registry: Registry): (count: number) => void {
  const counter = new Counter({
    name: 'baykeeper_audit_dropped_total',
    help: 'Refused requests and logins that the audit does not tell of, because there were too many or the database was away',
    registers: [registry],
  });
  return (count) => {
    counter.inc(count);
  };
}
