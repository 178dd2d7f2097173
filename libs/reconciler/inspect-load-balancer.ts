/**
 * Looks at what a bay's load balancer really has, with one call, and puts right what somebody else changed there: once in
 * a while when the bay is settled, and when a change is refused. The tenant is told.
 */
import {
  detailOf,
  type Bay,
  type BayId,
  type KnownMember,
  type KnownMembers,
  type Listener,
  type LoadBalancer,
  type Member,
  type NodeId,
} from '@baykeeper/domain';
import type { LoadBalancerView, MemberView } from '@baykeeper/drivers';
import type { BayState } from './bay-state.js';
import { recordEvent, type ReconcilerDependencies } from './dependencies.js';
import { namesOf } from './names.js';
import { recordOperation } from './operations.js';
import { withPatience } from './with-patience.js';

/** Passes over a settled bay may come in crowds; its balancer is asked at most this often by a process. */
const LOOK_EVERY_MS = 5_000;

/** When this process looked last; an installation of its own in every test. */
const looks = new WeakMap<object, Map<BayId, number>>();

export async function inspectLoadBalancer(dependencies: ReconcilerDependencies, state: BayState): Promise<void> {
  const { bay, loadBalancer, members } = state;
  if (!loadBalancer?.address || loadBalancer.removedAt || bay.deletionRequestedAt) return;
  if (!isDue(dependencies, bay.id)) return;
  try {
    await restoreLoadBalancer(dependencies, bay, loadBalancer, members);
  } catch (error) {
    // The next look finds the same.
    looks.get(dependencies.database)?.delete(bay.id);
    dependencies.log.warn({ bayId: bay.id, error: detailOf(error) }, 'looking at a load balancer failed');
  }
}

/**
 * Members that are about to come or go are left to the change that is under way.
 * @returns whether anything had to be put right
 * @throws BaykeeperError as the driver does
 */
export async function restoreLoadBalancer(
  dependencies: ReconcilerDependencies,
  bay: Bay,
  loadBalancer: LoadBalancer,
  members: KnownMembers,
): Promise<boolean> {
  const { drivers, driverPatienceMs, log } = dependencies;
  const view = await withPatience(() => drivers.loadBalancer.observe(loadBalancer.id), driverPatienceMs);
  const edits = describeEdits(loadBalancer, members, view);
  if (edits.length === 0) return false;
  log.warn({ bayId: bay.id, edits }, 'the load balancer was changed by somebody else');
  const operation = { id: `${bay.id}.restore-load-balancer`, bayId: bay.id, nodeId: null };
  await recordOperation(dependencies, { ...operation, kind: 'restore-load-balancer' }, () =>
    restore(dependencies, loadBalancer, members),
  );
  await recordEvent(dependencies, {
    ...{ bayId: bay.id, projectId: bay.projectId, nodeId: null, kind: 'load-balancer-restored', level: 'warning' },
    message: `The load balancer was changed by somebody else: ${edits.join('; ')}. It is as it was again.`,
  });
  return true;
}

function isDue({ database, now }: ReconcilerDependencies, bayId: BayId): boolean {
  const ofBays = looks.get(database) ?? new Map<BayId, number>();
  looks.set(database, ofBays);
  const at = now().getTime();
  for (const [id, last] of ofBays) if (Math.abs(at - last) >= LOOK_EVERY_MS) ofBays.delete(id);
  if (ofBays.has(bayId)) return false;
  ofBays.set(bayId, at);
  return true;
}

async function restore(
  { database, drivers, installation }: ReconcilerDependencies,
  { id, bayId, listeners }: LoadBalancer,
  members: KnownMembers,
): Promise<void> {
  const { address } = await drivers.loadBalancer.ensureLoadBalancer({ id, bayId, installation, listeners });
  await database.stores.loadBalancers.recordFacts(id, { address });
  const wanted = listeners.map(({ name }): readonly [string, readonly Member[]] => [
    name,
    [...(members.get(name)?.values() ?? [])].flatMap(({ confirmed, ...member }) => (confirmed ? [member] : [])),
  ]);
  await drivers.loadBalancer.ensureMembers(id, Object.fromEntries(wanted));
}

function describeEdits(
  { listeners }: LoadBalancer,
  members: KnownMembers,
  view: LoadBalancerView | null,
): readonly string[] {
  if (view === null) return ['it was gone'];
  const edits: string[] = [];
  const seen = new Map(view.listeners.map((listener) => [listener.name, listener]));
  for (const listener of listeners) {
    const found = seen.get(listener.name);
    if (found === undefined) edits.push(`it did not listen on port ${String(listener.port)}`);
    else if (found.port === listener.port) edits.push(...describeMembers(listener, members, found.members));
    else edits.push(`it listened on port ${String(found.port)} instead of ${String(listener.port)}`);
    seen.delete(listener.name);
  }
  for (const { port } of seen.values()) edits.push(`it listened on port ${String(port)}`);
  return edits;
}

function describeMembers({ name }: Listener, members: KnownMembers, seen: readonly MemberView[]): readonly string[] {
  const known: ReadonlyMap<NodeId, KnownMember> = members.get(name) ?? new Map<NodeId, never>();
  const there = new Set(seen.map(({ nodeId }) => nodeId));
  const missing = [...known.values()]
    .filter(({ nodeId, confirmed }) => confirmed && !there.has(nodeId))
    .map((member) => member.name);
  const strange = seen.filter(({ nodeId }) => !known.has(nodeId)).map((member) => member.name);
  const moved = seen
    .filter(({ nodeId, address, port }) => {
      const own = known.get(nodeId);
      return own?.confirmed === true && (own.address !== address || own.port !== port);
    })
    .map((member) => member.name);
  return [
    missing.length > 0 ? `${namesOf(missing)} missing from ${name}` : '',
    strange.length > 0 ? `${namesOf(strange)} added to ${name}` : '',
    moved.length > 0 ? `${namesOf(moved)} at another address in ${name}` : '',
  ].filter(Boolean);
}
