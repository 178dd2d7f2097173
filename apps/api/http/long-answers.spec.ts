import { expect, test } from '@jest/globals';
import { LongAnswers, type Turn } from './long-answers.js';

/** Which of the turns have begun by now. */
async function begun(turns: readonly Turn[]): Promise<readonly boolean[]> {
  return Promise.all(
    turns.map(({ begins }) =>
      Promise.race([
        begins.then(() => true),
        Promise.resolve()
          .then(() => false)
          .then((no) => no),
      ]),
    ),
  );
}

test('a project has two whole pages on their way, the others wait for their turn in order', async () => {
  const answers = new LongAnswers();
  const turns = [1_000, 1_000, 500, 1_000, 100].map((rows) => answers.queueUp('a', rows));
  expect(await begun(turns)).toEqual([true, true, false, false, false]);
  turns[1]?.end();
  // The next large one does not fit, and nobody overtakes it.
  expect(await begun(turns)).toEqual([true, true, true, false, false]);
  turns[0]?.end();
  expect(await begun(turns)).toEqual([true, true, true, true, true]);
});

test('another project does not wait', async () => {
  const answers = new LongAnswers();
  const own = [1, 2, 3].map(() => answers.queueUp('a', 1_000));
  expect(await begun([...own, answers.queueUp('b', 1_000)])).toEqual([true, true, false, true]);
});

test('who leaves while waiting takes no turn, and gives none back that was not taken', async () => {
  const answers = new LongAnswers();
  const turns = [1, 2, 3, 4].map(() => answers.queueUp('a', 1_000));
  turns[2]?.end();
  turns[2]?.end();
  expect(await begun(turns)).toEqual([true, true, false, false]);
  turns[0]?.end();
  turns[0]?.end();
  expect(await begun(turns)).toEqual([true, true, false, true]);
  expect(await begun([answers.queueUp('a', 1_000)])).toEqual([false]);
});
