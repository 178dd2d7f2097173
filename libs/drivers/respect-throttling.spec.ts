import { expect, it } from '@jest/globals';
import { BaykeeperError } from '@baykeeper/domain';
import { respectThrottling } from './respect-throttling.js';

const MACHINES = { kind: 'compute', driver: 'clouds', operation: 'ensureMachine' } as const;
const LISTING = { kind: 'compute', driver: 'clouds', operation: 'listMachines' } as const;
const BALANCERS = { kind: 'load-balancer', driver: 'scales', operation: 'list' } as const;

const throttled = (retryAfterSeconds?: number) =>
  new BaykeeperError({ code: 'too-many-requests', publicMessage: 'Slower.', retryAfterSeconds });

it('asks a provider nothing until the time that it named has passed, and others as ever', async () => {
  let now = 0;
  const calls: string[] = [];
  const around = respectThrottling(() => now);
  const ask = (call: typeof MACHINES | typeof LISTING | typeof BALANCERS, failure?: BaykeeperError) =>
    around(
      call,
      () => {
        calls.push(`${String(now)} ${call.operation}`);
        return failure ? Promise.reject(failure) : Promise.resolve('answered');
      },
      'a machine',
    );
  await expect(ask(MACHINES, throttled(2))).rejects.toThrow('Slower.');
  now = 1_500;
  await expect(ask(LISTING)).rejects.toMatchObject({ code: 'too-many-requests', retryAfterSeconds: 0.5 });
  expect(await ask(BALANCERS)).toBe('answered');
  now = 2_000;
  expect(await ask(LISTING)).toBe('answered');
  expect(calls).toEqual(['0 ensureMachine', '1500 list', '2000 listMachines']);
});

it('rests for some seconds when none were named, and for minutes at most', async () => {
  let now = 0;
  const around = respectThrottling(() => now);
  const ask = (failure?: Error) => around(MACHINES, () => (failure ? Promise.reject(failure) : Promise.resolve()), 'a');
  await expect(ask(throttled())).rejects.toThrow('Slower.');
  await expect(ask()).rejects.toMatchObject({ retryAfterSeconds: 5 });
  now = 5_000;
  await expect(ask(throttled(86_400))).rejects.toThrow('Slower.');
  await expect(ask()).rejects.toMatchObject({ retryAfterSeconds: 300 });
});

it('takes no other failure for a reason to rest', async () => {
  const around = respectThrottling(() => 0);
  await expect(around(MACHINES, () => Promise.reject(new Error('odd')), 'a')).rejects.toThrow('odd');
  expect(await around(MACHINES, () => Promise.resolve('answered'), 'a')).toBe('answered');
});
