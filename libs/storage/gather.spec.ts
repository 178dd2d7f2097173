import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gather } from './gather.js';

/** Batches that end when they are told to. */
function openBatches(options: { atOnce: number; most: number }) {
  const batches: { readonly asked: readonly number[]; end: (error?: Error) => void }[] = [];
  const ask = gather<number, string>(
    (asked) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => {
          if (error) reject(error);
          else resolve(asked.map(String));
        };
        batches.push({ asked, end });
      }),
    options,
  );
  return { ask, batches };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('gather', () => {
  it('asks together what arrives together, and what comes meanwhile in the next batch', async () => {
    const { ask, batches } = openBatches({ atOnce: 1, most: 10 });
    const first = [ask(1), ask(2)];
    await turn();
    const second = [ask(3), ask(4), ask(5)];
    await turn();
    expect(batches.map(({ asked }) => asked)).toEqual([[1, 2]]);
    batches[0]?.end();
    expect(await Promise.all(first)).toEqual(['1', '2']);
    await turn();
    expect(batches[1]?.asked).toEqual([3, 4, 5]);
    batches[1]?.end();
    expect(await Promise.all(second)).toEqual(['3', '4', '5']);
  });

  it('rejects a batch that failed, and goes on', async () => {
    const { ask, batches } = openBatches({ atOnce: 1, most: 10 });
    const lost = ask(1);
    await turn();
    const kept = ask(2);
    batches[0]?.end(new Error('gone'));
    await expect(lost).rejects.toThrow('gone');
    await turn();
    batches[1]?.end();
    expect(await kept).toBe('2');
  });

  it('answers each request with its own answer and keeps to its bounds, whatever comes when', async () => {
    const plan = fc.array(
      fc.oneof(fc.constant('ask' as const), fc.constant('end' as const), fc.constant('turn' as const)),
      {
        maxLength: 60,
      },
    );
    await fc.assert(
      fc.asyncProperty(
        plan,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, atOnce, most) => {
          const { ask, batches } = openBatches({ atOnce, most });
          const answers: Promise<string>[] = [];
          let ended = 0;
          for (const step of steps) {
            if (step === 'ask') answers.push(ask(answers.length));
            else if (step === 'turn') await turn();
            else if (ended < batches.length) batches[ended++]?.end();
            expect(batches.length - ended).toBeLessThanOrEqual(atOnce + 1);
            expect(batches.every(({ asked }) => asked.length >= 1 && asked.length <= most)).toBe(true);
          }
          for (let idle = 0; idle < 2;) {
            await turn();
            if (ended < batches.length) batches[ended++]?.end();
            else idle += 1;
          }
          expect(await Promise.all(answers)).toEqual(answers.map((_, index) => String(index)));
          expect(batches.flatMap(({ asked }) => asked)).toEqual(answers.map((_, index) => index));
        },
      ),
    );
  });

  it('fails those alone that are the reason, where they may be asked twice', async () => {
    const batches: (readonly number[])[] = [];
    const ask = gather(
      (numbers: readonly number[]) => {
        batches.push(numbers);
        return numbers.includes(2) ? Promise.reject(new Error('two')) : Promise.resolve(numbers);
      },
      { atOnce: 1, most: 10, separately: true },
    );
    const answers = await Promise.allSettled([1, 2, 3].map(ask));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(batches).toEqual([[1, 2, 3], [1], [2], [3]]);
    expect(await ask(4)).toBe(4);
  });
});
