/**
 * Every scenario's frame: tenants go on wishing while something goes wrong, what must always hold is watched meanwhile,
 * and afterwards everything is as was asked for last.
 */
import { expect } from '@jest/globals';
import { endFaults, placeForeign } from './faulty-cloud.js';
import { findDisagreements } from './find-disagreements.js';
import { findUnaudited } from './find-unaudited.js';
import { findUnreadable } from './find-unreadable.js';
import type { Installation } from './installation.js';
import { live } from './live.js';
import type { Random } from './random.js';
import { readEvents } from './read-events.js';
import { openTenant, type BayWish, type Tenant } from './tenant.js';
import { untilSettled } from './until-settled.js';
import { watchLimits, type Limits } from './watch-limits.js';
import { watchMembers } from './watch-members.js';

const TENANTS = ['ada', 'bob', 'cleo'];

export interface Trial {
  readonly installation: Installation;
  readonly random: Random;
  /** What the tenants' project may have. */
  readonly limits: Limits;
  /** Begins the bays' names: those of one installation differ. */
  readonly name: string;
  /** What goes wrong; while it runs, the tenants go on. Rejects when they can't. */
  readonly trouble: (tenants: readonly Tenant[]) => Promise<void>;
  /** How long everything may take to come to rest afterwards. */
  readonly restMs?: number;
}

/** @returns what became of the wishes */
export async function tryUnderLoad(trial: Trial): Promise<ReadonlyMap<string, BayWish | null>> {
  const { installation, random, limits, name, trouble, restMs } = trial;
  const over = new AbortController();
  const tenants = TENANTS.map((who) => ({ who: `${name}-${who}`, tenant: openTenant(installation, 'swarm-web') }));
  const all = tenants.map(({ tenant }) => tenant);
  const foreign = await placeForeign(installation);
  const lives = tenants.map(({ who, tenant }) => live(tenant, who, random.fork(who), over.signal));
  const watches = [watchMembers(installation, over.signal), watchLimits(installation, limits, over.signal)];
  const reader = readEvents(installation, all, over.signal);
  try {
    await Promise.race([trouble(all), forever(lives)]);
  } finally {
    over.abort();
    await endFaults(installation);
    await Promise.allSettled([...lives, ...watches, reader.done]);
  }
  await Promise.all(lives);
  const wishes = new Map(all.flatMap((tenant) => [...tenant.wishes]));
  process.stdout.write(`${name}: ${String(wishes.size)} bays\n`);
  const damage = await foreign.findDamage();
  await foreign.remove();
  await untilSettled(installation, wishes, restMs);
  expect(await findDisagreements(installation, wishes)).toEqual([]);
  expect((await Promise.all(watches)).flat()).toEqual([]);
  expect(damage).toEqual([]);
  expect(await reader.findLost()).toEqual([]);
  expect(await findUnaudited(installation, all)).toEqual([]);
  expect(await findUnreadable(installation)).toEqual([]);
  // The next scenario of the installation begins with nothing.
  for (const { tenant } of tenants)
    for (const [bay, wish] of tenant.wishes) if (wish !== null) await tenant.remove(bay);
  const gone = new Map([...wishes.keys()].map((bay) => [bay, null]));
  await untilSettled(installation, gone);
  return wishes;
}

/** Ends only by a rejection. */
async function forever(lives: readonly Promise<void>[]): Promise<never> {
  await Promise.all(lives);
  return new Promise<never>(() => undefined);
}
