import { describe, expect, it } from '@jest/globals';
import { checkReadiness } from './readiness.js';

describe('checkReadiness', () => {
  it('is ready when everything answers', async () => {
    expect(await checkReadiness({ database: () => Promise.resolve(), redis: () => Promise.resolve('PONG') })).toEqual({
      ready: true,
      checks: { database: { ok: true, detail: 'ok' }, redis: { ok: true, detail: 'ok' } },
    });
  });

  it('names what does not answer, whether it rejects, throws or stays silent', async () => {
    const { ready, checks } = await checkReadiness(
      {
        database: () => Promise.reject(new Error('connection refused')),
        redis: () => new Promise(() => undefined),
        queue: () => {
          throw new Error('closed');
        },
        disk: () => Promise.resolve(),
      },
      20,
    );
    expect(ready).toBe(false);
    expect(checks).toEqual({
      database: { ok: false, detail: 'connection refused' },
      redis: { ok: false, detail: 'no answer within 20 ms' },
      queue: { ok: false, detail: 'closed' },
      disk: { ok: true, detail: 'ok' },
    });
  });
});
