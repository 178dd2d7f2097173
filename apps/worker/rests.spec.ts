import { expect, it } from '@jest/globals';
import type { BayId } from '@baykeeper/domain';
import { openRests } from './rests.js';

const bay = 'a' as BayId;
const other = 'b' as BayId;

async function passOf(milliseconds: number): Promise<{ leftAt: (time: number) => number; leftForOther: number }> {
  let time = 1_000;
  const rests = openRests(() => time);
  await rests.after(bay, () => {
    time += milliseconds;
    return Promise.resolve();
  });
  const leftForOther = rests.leftFor(other);
  const leftAt = (at: number): number => {
    time = 1_000 + milliseconds + at;
    return rests.leftFor(bay);
  };
  return { leftAt, leftForOther };
}

it('lets a bay rest for twice as long as its pass took', async () => {
  const { leftAt, leftForOther } = await passOf(300);
  expect([leftAt(0), leftAt(599), leftAt(600)]).toEqual([600, 1, 0]);
  expect(leftForOther).toBe(0);
});

it('does not let a small bay wait, and no bay for long', async () => {
  expect((await passOf(9)).leftAt(0)).toBe(0);
  expect((await passOf(60_000)).leftAt(0)).toBe(2_000);
});

it('rests after a pass that failed, too', async () => {
  let time = 0;
  const rests = openRests(() => time);
  const failing = rests.after(bay, () => {
    time = 100;
    return Promise.reject(new Error('no'));
  });
  await expect(failing).rejects.toThrow('no');
  expect(rests.leftFor(bay)).toBe(200);
});
