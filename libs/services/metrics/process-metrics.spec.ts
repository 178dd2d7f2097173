import { expect, it } from '@jest/globals';
import { BaykeeperError } from '@baykeeper/domain';
import { Registry } from '@baykeeper/platform';
import { measureCalls, measurePool } from './process-metrics.js';

const CALL = { kind: 'compute', driver: 'clouds', operation: 'ensureMachine' } as const;
const LABELS = 'kind="compute",driver="clouds",operation="ensureMachine"';

it('counts calls of drivers, and their errors by code', async () => {
  const registry = new Registry();
  const measured = measureCalls(registry);
  const around = <T>(call: typeof CALL, work: () => Promise<T>) => measured(call, work, 'a machine');
  expect(await around(CALL, () => Promise.resolve('made'))).toBe('made');
  const refusal = new BaykeeperError({ code: 'provider-refused', publicMessage: 'No.' });
  await expect(around(CALL, () => Promise.reject(refusal))).rejects.toBe(refusal);
  await expect(around(CALL, () => Promise.reject(new Error('odd')))).rejects.toThrow('odd');
  let end: () => void = () => undefined;
  const open = around(CALL, () => new Promise<void>((resolve) => (end = resolve)));
  const text = await registry.metrics();
  expect(text).toContain(`baykeeper_driver_call_seconds_count{${LABELS}} 3\n`);
  expect(text).toContain(`baykeeper_driver_errors_total{${LABELS},code="provider-refused"} 1\n`);
  expect(text).toContain(`baykeeper_driver_errors_total{${LABELS},code="internal"} 1\n`);
  expect(text).toContain(`baykeeper_driver_calls_open{${LABELS}} 1\n`);
  end();
  await open;
  expect(await registry.metrics()).toContain(`baykeeper_driver_calls_open{${LABELS}} 0\n`);
});

it('tells of the connections when it is asked', async () => {
  const registry = new Registry();
  const pool = { open: 5, idle: 2, waiting: 1 };
  measurePool(registry, { pool: () => pool });
  expect(await registry.metrics()).toContain('baykeeper_database_connections{state="used"} 3\n');
  pool.idle = 5;
  const text = await registry.metrics();
  expect(text).toContain('baykeeper_database_connections{state="used"} 0\n');
  expect(text).toContain('baykeeper_database_connections{state="waiting"} 1\n');
});
