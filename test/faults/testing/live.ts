import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.js';
import type { Tenant } from './tenant.js';

const MOST_BAYS = 4;
const MOST_WORKERS = 5;
/** Between two wishes, so that there is something to kill in the middle of, and not a heap of bays that wait for their end. */
const LONGEST_PAUSE_MS = 500;

/** A tenant goes on wishing until it is told to stop: bays are made, scaled and removed, as chance has it. */
export async function live(tenant: Tenant, prefix: string, random: Random, signal: AbortSignal): Promise<void> {
  for (let made = 0; !signal.aborted;) {
    const living = [...tenant.wishes].flatMap(([name, wish]) => (wish === null ? [] : [name]));
    const choice = random.between(0, 9);
    if (living.length === 0 || (choice < 4 && living.length < MOST_BAYS)) {
      made += 1;
      const wish = { masters: random.pick([1, 1, 3]), workers: random.between(0, MOST_WORKERS) };
      await tenant.create(`${prefix}-${String(made)}`, wish);
    } else if (choice < 8) await tenant.scale(random.pick(living), random.between(0, MOST_WORKERS));
    else await tenant.remove(random.pick(living));
    await sleep(random.between(0, LONGEST_PAUSE_MS));
  }
}
