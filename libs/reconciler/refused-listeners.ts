/**
 * Listeners that a cluster's users ask for within it, and that the balancer's provider refuses: another program has the
 * port. Such a wish must hold up nothing else of the bay: it is left out, its event says why, and it is tried again later.
 */
import {
  ASKED_LISTENER_PREFIX,
  BaykeeperError,
  publicMessageOf,
  type Bay,
  type BayId,
  type Listener,
  type LoadBalancer,
} from '@baykeeper/domain';
import type { LoadBalancerView } from '@baykeeper/drivers';
import { recordEvent, type ReconcilerDependencies } from './dependencies.js';

const TRY_AGAIN_MS = 60_000;

/**
 * When this process was refused each, by bay and {@link keyOf}; an installation of its own in every test. Not on record:
 * another process finds out by asking, and tells it once more.
 */
const refusals = new WeakMap<object, Map<BayId, Map<string, number>>>();

/** Those of the listeners that are worth asking for now. */
export function withoutRefused(
  { database, now }: Pick<ReconcilerDependencies, 'database' | 'now'>,
  bayId: BayId,
  listeners: readonly Listener[],
): readonly Listener[] {
  const ofBay = refusals.get(database)?.get(bayId);
  if (!ofBay) return listeners;
  const wanted = new Set(listeners.map(keyOf));
  for (const key of ofBay.keys()) if (!wanted.has(key)) ofBay.delete(key);
  const since = now().getTime() - TRY_AGAIN_MS;
  return listeners.filter((listener) => (ofBay.get(keyOf(listener)) ?? 0) <= since);
}

/** Ports whose Services are not served, whatever else they may be told. */
export function refusedPorts({ database }: ReconcilerDependencies, bayId: BayId): ReadonlySet<number> {
  const keys = refusals.get(database)?.get(bayId)?.keys() ?? [];
  return new Set([...keys].map((key) => Number(key.split(' ')[0])));
}

/**
 * Asks for the listeners, and when they are refused for those that the bay itself or its records have, and then for each
 * new wish of its users by itself.
 * @returns what the balancer has now
 * @throws BaykeeperError as the driver does, when what is refused is no new wish of users
 */
export async function ensureListeners(
  dependencies: ReconcilerDependencies,
  bay: Bay,
  row: Pick<LoadBalancer, 'id' | 'listeners'>,
  listeners: readonly Listener[],
): Promise<{ readonly view: LoadBalancerView; readonly listeners: readonly Listener[] }> {
  const { drivers, installation } = dependencies;
  const ensure = (some: readonly Listener[]): Promise<LoadBalancerView> =>
    drivers.loadBalancer.ensureLoadBalancer({ id: row.id, installation, bayId: bay.id, listeners: some });
  const known = new Set(row.listeners.map(keyOf));
  const wishes = listeners.filter(
    (listener) => listener.name.startsWith(ASKED_LISTENER_PREFIX) && !known.has(keyOf(listener)),
  );
  if (wishes.length === 0) return { view: await ensure(listeners), listeners };
  try {
    const view = await ensure(listeners);
    for (const wish of wishes) forget(dependencies, bay.id, wish);
    return { view, listeners };
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  let had = listeners.filter((listener) => !wishes.includes(listener));
  let view = await ensure(had);
  for (const wish of wishes) {
    try {
      view = await ensure([...had, wish]);
      had = [...had, wish];
      forget(dependencies, bay.id, wish);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await noteRefusal(dependencies, bay, wish, error);
    }
  }
  return { view, listeners: had };
}

function isRefusal(error: unknown): error is BaykeeperError {
  return error instanceof BaykeeperError && error.code === 'provider-refused';
}

/** Told when it is new, not each time it is tried again. */
async function noteRefusal(
  dependencies: ReconcilerDependencies,
  bay: Bay,
  wish: Listener,
  error: BaykeeperError,
): Promise<void> {
  const { database, now } = dependencies;
  const ofBays = refusals.get(database) ?? new Map<BayId, Map<string, number>>();
  const ofBay = ofBays.get(bay.id) ?? new Map<string, number>();
  refusals.set(database, ofBays.set(bay.id, ofBay));
  const isNew = !ofBay.has(keyOf(wish));
  ofBay.set(keyOf(wish), now().getTime());
  if (!isNew) return;
  await recordEvent(dependencies, {
    ...{ bayId: bay.id, projectId: bay.projectId, nodeId: null, kind: 'listener-refused', level: 'warning' },
    message: `The load balancer does not serve port ${String(wish.port)}, for which a Service of the cluster asks: ${publicMessageOf(error)} All else goes on; it is tried again from time to time.`,
  });
}

function forget({ database }: ReconcilerDependencies, bayId: BayId, wish: Listener): void {
  refusals.get(database)?.get(bayId)?.delete(keyOf(wish));
}

function keyOf({ port, memberPort }: Listener): string {
  return `${String(port)} ${String(memberPort)}`;
}
