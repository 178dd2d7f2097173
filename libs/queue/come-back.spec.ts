import { describe, expect, it } from '@jest/globals';
import { DelayedError, type Job } from 'bullmq';
import { awaitTurn, type ComingBack } from './come-back.js';
import type { FairLine } from './fair-line.js';

interface Case {
  readonly starts: number;
  readonly turn?: number;
  readonly isWaiting?: boolean;
  readonly othersWait?: boolean;
}

/** What is done with such a job, in its order; nothing: it is worked on. */
async function tell({ starts, turn, isWaiting = false, othersWait = true }: Case): Promise<readonly string[]> {
  const told: string[] = [];
  const line: Pick<FairLine, 'look' | 'putAgain'> = {
    look: () => Promise.resolve({ isWaiting, othersWait }),
    putAgain: ({ project, bay, key }) => {
      told.push(`into the line: ${project} ${bay} ${key}`);
      return Promise.resolve();
    },
  };
  const job = {
    id: 'node.drain',
    attemptsStarted: starts,
    data: { bayId: 'bay', projectId: 'project', ...(turn !== undefined && { turn }) },
    updateData: (data: ComingBack) => told.push(`turn ${String(data.turn)}`),
    moveToDelayed: (at: number) => told.push(at > Date.now() ? 'delayed' : 'not delayed'),
  };
  try {
    await awaitTurn(line as FairLine, job as unknown as Job<ComingBack>, 'token');
  } catch (error) {
    if (!(error instanceof DelayedError)) throw error;
    told.push('not now');
  }
  return told;
}

describe('a job', () => {
  const put = ['turn 3', 'delayed', 'into the line: project bay again.node.drain', 'not now'];

  it('that came through the line is worked on', async () => {
    expect(await tell({ starts: 1 })).toEqual([]);
  });
  it('that comes back is worked on where nobody else waits', async () => {
    expect(await tell({ starts: 2, othersWait: false })).toEqual([]);
  });
  it('that comes back while others wait is delayed first, then put into the line', async () => {
    expect(await tell({ starts: 2 })).toEqual(put);
  });
  it('that was let in is worked on, once', async () => {
    expect(await tell({ starts: 3, turn: 3 })).toEqual([]);
    expect(await tell({ starts: 4, turn: 3 })).toEqual(['turn 5', ...put.slice(1)]);
  });
  it('that comes by itself is delayed again while it is in the line, and worked on where it was lost on the way', async () => {
    expect(await tell({ starts: 3, turn: 3, isWaiting: true })).toEqual(['turn 4', 'delayed', 'not now']);
    expect(await tell({ starts: 3, turn: 3, isWaiting: false })).toEqual([]);
  });
});
