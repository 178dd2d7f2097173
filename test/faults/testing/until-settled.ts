import { setTimeout as sleep } from 'node:timers/promises';
import { findDisagreements } from './find-disagreements.js';
import type { Installation } from './installation.js';
import type { BayWish } from './tenant.js';

/** Leases and locks of dead processes run out within 15 seconds each, and a step that failed waits before its next try. */
const LONGEST_MS = 90_000;
const LOOK_AGAIN_MS = 300;
const SHOWN_EVENTS = 60;

/** @throws Error that says what has not come to rest, and what was told of it last. */
export async function untilSettled(
  installation: Installation,
  wishes: ReadonlyMap<string, BayWish | null>,
  longestMs = LONGEST_MS,
): Promise<void> {
  const end = Date.now() + longestMs;
  for (;;) {
    const found = await findDisagreements(installation, wishes);
    if (found.length === 0) return;
    if (Date.now() > end)
      throw new Error(
        `Not settled after ${String(longestMs)} ms:\n${found.join('\n')}\n\n${await tellStory(installation)}`,
      );
    await sleep(LOOK_AGAIN_MS);
  }
}

async function tellStory(installation: Installation): Promise<string> {
  const rows = await installation.query<{ line: string }>(
    `SELECT to_char(bay_events.at, 'HH24:MI:SS.MS') || ' ' || coalesce(bays.name, '') || ' ' || message AS line
     FROM bay_events JOIN bays ON bays.id = bay_id
     WHERE bays.status NOT LIKE '%COMPLETE' ORDER BY bay_events.sequence DESC LIMIT $1`,
    [SHOWN_EVENTS],
  );
  const logs = (['api', 'worker-1', 'worker-2'] as const).map(
    (name) => `${name}:\n${installation.log(name).slice(-3_000)}`,
  );
  return [...rows.map(({ line }) => line).reverse(), ...logs].join('\n');
}
