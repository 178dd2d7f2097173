import { afterEach, expect, it } from '@jest/globals';
import { ReadinessProbe, Registry, Counter } from '@baykeeper/platform';
import { openWorkerListener, type WorkerListener } from './worker-listener.js';

let listener: WorkerListener | null = null;
afterEach(() => listener?.close());

it('tells whether the worker lives, can work, and what it counted', async () => {
  const metrics = new Registry();
  new Counter({ name: 'jobs_total', help: 'Jobs.', registers: [metrics] }).inc(3);
  let away = false;
  const readiness = new ReadinessProbe(
    {
      redis: {
        ask: () => (away ? Promise.reject(new Error('no')) : Promise.resolve()),
        sentence: 'Redis does not answer.',
      },
    },
    undefined,
    () => (away ? 5_000 : 0),
  );
  listener = await openWorkerListener({ port: 0, bind: '127.0.0.1' }, { readiness, metrics });
  const url = `http://127.0.0.1:${String(listener.port)}`;
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(url + path, { method });
    return [response.status, await response.text()] as const;
  };
  expect(await get('/healthz')).toEqual([200, 'ok\n']);
  expect(await get('/readyz')).toEqual([200, '{"ready":true,"checks":{"redis":true},"reasons":[]}']);
  expect((await get('/metrics'))[1]).toContain('jobs_total 3\n');
  away = true;
  expect(await get('/readyz')).toEqual([
    503,
    '{"ready":false,"checks":{"redis":false},"reasons":["Redis does not answer."]}',
  ]);
  expect((await get('/healthz', 'POST'))[0]).toBe(404);
  expect((await get('/v1/bays'))[0]).toBe(404);
});
