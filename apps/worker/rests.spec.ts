import { expect, it } from '@jest/globals';
import type { BayId } from '@baykeeper/domain';
import { openRests } from './rests.js';

const bay = 'a' as BayId;
const other = 'b' as BayId;

function openTimed() {
  const clock = { time: 1_000 };
  const rests = openRests(() => clock.time);
  return {
    clock,
    rests,
    pass: (milliseconds: number, cameTrue = false) =>
      rests.after(bay, () => {
        clock.time += milliseconds;
        return Promise.resolve({ cameTrue });
      }),
  };
}

it('lets the passes of a small change follow each other, and then a bay pay for them', async () => {
  const { clock, rests, pass } = openTimed();
  for (let count = 0; count < 5; count += 1) {
    expect(rests.leftFor(bay)).toBe(0);
    await pass(60);
  }
  await pass(300);
  // 1,200 owed for 600, less what was paid meanwhile, and 600 may be owed.
  expect(rests.leftFor(bay)).toBe(600);
  expect(rests.leftFor(other)).toBe(0);
  clock.time += 599;
  expect(rests.leftFor(bay)).toBe(0);
});

it('gives passes a third of the time in the long run, whatever they take', async () => {
  for (const milliseconds of [1, 40, 700]) {
    const { clock, rests, pass } = openTimed();
    let busy = 0;
    while (clock.time < 61_000) {
      clock.time += rests.leftFor(bay);
      await pass(milliseconds);
      busy += milliseconds;
    }
    expect(busy / (clock.time - 1_000)).toBeGreaterThan(0.32);
    expect(busy / (clock.time - 1_000)).toBeLessThan(0.36);
  }
});

it('lets no bay wait for long', async () => {
  const { rests, pass } = openTimed();
  await pass(60_000);
  expect(rests.leftFor(bay)).toBe(2_000);
});

it('counts a pass that failed, too', async () => {
  const { clock, rests } = openTimed();
  const failing = rests.after(bay, () => {
    clock.time += 400;
    return Promise.reject(new Error('no'));
  });
  await expect(failing).rejects.toThrow('no');
  expect(rests.leftFor(bay)).toBe(200);
});

it('forgives what was owed for a wish when that has come true', async () => {
  const { rests, pass } = openTimed();
  await pass(60_000);
  await pass(200, true);
  expect(rests.leftFor(bay)).toBe(0);
  await pass(400);
  expect(rests.leftFor(bay)).toBe(200);
});
