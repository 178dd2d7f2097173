import type { BayId, Roster } from '@baykeeper/domain';
import type { ReconcilerDependencies } from './dependencies.js';

/** Of bays with fewer nodes a roster is made anew as fast. */
const FEWEST_NODES = 200;
/** Some bytes each, beside the rows themselves, which are kept anyway. */
const MOST_NODES = 30_000;

/** Who was at rest when this process planned a bay last; an installation of its own in every test. */
const kept = new WeakMap<object, Map<BayId, Roster>>();

export function keptRoster({ database }: Pick<ReconcilerDependencies, 'database'>, bayId: BayId): Roster | null {
  return kept.get(database)?.get(bayId) ?? null;
}

export function keepRoster({ database }: Pick<ReconcilerDependencies, 'database'>, bayId: BayId, roster: Roster): void {
  const rosters = kept.get(database) ?? new Map<BayId, Roster>();
  kept.set(database, rosters);
  rosters.delete(bayId);
  if (roster.made.nodes.length >= FEWEST_NODES) rosters.set(bayId, roster);
  let sum = 0;
  for (const { made } of rosters.values()) sum += made.nodes.length;
  for (const [id, { made }] of rosters) {
    if (sum <= MOST_NODES) break;
    sum -= made.nodes.length;
    rosters.delete(id);
  }
}
