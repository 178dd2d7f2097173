import { describe, expect, it } from '@jest/globals';
import { BaykeeperError } from '@baykeeper/domain';
import { checkReadiness, ReadinessProbe, type Readiness } from './readiness.js';

const fine = { ask: () => Promise.resolve('PONG'), sentence: 'It does not answer.' };

describe('checkReadiness', () => {
  it('is ready when everything answers', async () => {
    expect(await checkReadiness({ database: fine, redis: fine })).toEqual({
      ...{ ready: true, checks: { database: true, redis: true } },
      ...{ reasons: [], details: {} },
    });
  });

  it('names what does not answer, whether it rejects, throws or stays silent, and keeps details to operators', async () => {
    const behind = new BaykeeperError({ code: 'conflict', publicMessage: 'The schema is behind.' });
    const answer = await checkReadiness(
      {
        database: { ask: () => Promise.reject(new Error('refused by db7:5432')), sentence: 'The database is away.' },
        redis: { ask: () => new Promise(() => undefined), sentence: 'Redis is away.' },
        queue: {
          ask: () => {
            throw new Error('closed');
          },
          sentence: 'The queue is away.',
        },
        schema: { ask: () => Promise.reject(behind), sentence: 'It could not be asked.' },
        disk: fine,
      },
      20,
    );
    expect(answer).toEqual({
      ready: false,
      checks: { database: false, redis: false, queue: false, schema: false, disk: true },
      reasons: ['The database is away.', 'Redis is away.', 'The queue is away.', 'The schema is behind.'],
      details: {
        database: 'refused by db7:5432',
        redis: 'no answer within 20 ms',
        queue: 'closed',
        schema: 'The schema is behind.',
      },
    });
  });

  it('tells of what is not needed to be ready', async () => {
    const absent = { ask: () => Promise.reject(new Error('none')), sentence: 'There is no worker.', isOnlyTold: true };
    expect(await checkReadiness({ database: fine, worker: absent })).toMatchObject({
      ...{ ready: true, checks: { database: true, worker: false }, reasons: ['There is no worker.'] },
    });
  });
});

describe('the probe', () => {
  it('asks once a second, says what changed once, and is not ready any more when it stops', async () => {
    let [time, asked, away] = [0, 0, false];
    const told: Readiness['details'][] = [];
    const probe = new ReadinessProbe(
      {
        database: {
          sentence: 'The database is away.',
          ask() {
            asked += 1;
            return away ? Promise.reject(new Error('gone')) : Promise.resolve();
          },
        },
      },
      (details) => told.push(details),
      () => time,
    );
    await Promise.all([probe.read(), probe.read()]);
    time = 999;
    expect(await probe.read()).toMatchObject({ ready: true });
    expect(asked).toBe(1);
    away = true;
    for (time of [1_000, 2_000]) expect(await probe.read()).toMatchObject({ ready: false });
    away = false;
    time = 3_000;
    await probe.read();
    expect(told).toEqual([{ database: 'gone' }, {}]);
    probe.stop();
    expect(await probe.read()).toMatchObject({ ready: false, reasons: ['This process is stopping.'] });
  });
});
