import { expect, it } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import type { Database, Stores } from '@baykeeper/storage';
import { openRoomForTemplates, type RoomForTemplates } from './room-for-templates.js';

const ada = 'ada' as ProjectId;

/** Templates of a project in memory; what is being written is not counted before it is there. */
function store(limit: number) {
  const state = { there: 0, counted: 0, isAway: false };
  const stores = {
    quotas: {
      takeTurn: () => Promise.resolve(),
      usage: async () => {
        if (state.isAway) throw new Error('the database is away');
        state.counted += 1;
        const inUse = { Cluster: 0, Node: 0, Master: 0, ClusterTemplate: state.there };
        await new Promise(setImmediate);
        return { inUse, limits: { ClusterTemplate: limit } };
      },
    },
  } as unknown as Stores;
  const database: Pick<Database, 'stores' | 'transaction'> = { stores, transaction: (work) => work(stores) };
  const write = async (): Promise<void> => {
    await new Promise(setImmediate);
    state.there += 1;
  };
  const none = { Cluster: 0, Node: 0, Master: 0, ClusterTemplate: 0 };
  const open = (now?: () => number): RoomForTemplates => openRoomForTemplates(database, none, now);
  return { state, open, write };
}

it('lets in no more than are allowed, however many come at once to one process, and counts few of them', async () => {
  const { state, open, write } = store(1_000);
  const room = open();
  const all = await Promise.allSettled(Array.from({ length: 3_000 }, () => room.insert(ada, write)));
  expect(all.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1_000);
  while (state.there < 1_000) await room.insert(ada, write);
  await expect(room.insert(ada, write)).rejects.toMatchObject({ code: 'forbidden' });
  expect(state.there).toBe(1_000);
});

it('does not count each of those that come far from the limit', async () => {
  const { state, open, write } = store(100_000);
  const room = open(() => 0);
  for (let made = 0; made < 1_000; made += 1) await room.insert(ada, write);
  expect(state).toMatchObject({ there: 1_000, counted: 1 });
});

it('counts again after a while, and after a count that failed', async () => {
  const { state, open, write } = store(100_000);
  let time = 0;
  const room = open(() => time);
  await room.insert(ada, write);
  time = 5_000;
  await room.insert(ada, write);
  expect(state.counted).toBe(2);
  time = 10_000;
  state.isAway = true;
  await expect(room.insert(ada, write)).rejects.toThrow('the database is away');
  state.isAway = false;
  await room.insert(ada, write);
  expect(state).toMatchObject({ there: 3, counted: 3 });
});
