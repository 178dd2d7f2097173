import { expect, it } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import type { Database } from '@baykeeper/storage';
import { inTurn } from './in-turn.js';

const database = { stores: {} as Database['stores'] };
const [ada, bob] = ['ada' as ProjectId, 'bob' as ProjectId];

it('lets one of a project work after the other, those of other projects meanwhile, and goes on after a failure', async () => {
  const story: string[] = [];
  const open: (() => void)[] = [];
  const work = (name: string) => async (): Promise<string> => {
    story.push(`${name} begins`);
    await new Promise<void>((resolve) => open.push(resolve));
    story.push(`${name} ends`);
    if (name === 'ada 1') throw new Error('as the test wants');
    return name;
  };
  const failing = expect(inTurn(database, ada, work('ada 1'))).rejects.toThrow('as the test wants');
  const second = inTurn(database, ada, work('ada 2'));
  const other = inTurn(database, bob, work('bob'));
  expect(story).toEqual(['ada 1 begins', 'bob begins']);
  open[0]?.();
  await failing;
  await new Promise(setImmediate);
  expect(story).toEqual(['ada 1 begins', 'bob begins', 'ada 1 ends', 'ada 2 begins']);
  for (const end of open) end();
  expect(await Promise.all([second, other])).toEqual(['ada 2', 'bob']);
  const alone = inTurn(database, ada, () => Promise.resolve('at once'));
  expect(await alone).toBe('at once');
});
