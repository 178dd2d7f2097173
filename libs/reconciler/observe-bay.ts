/**
 * Reads what is outside: machines at the compute driver, nodes in the bay's engine. What could not be read is `unknown`,
 * never absent. Machines of all bays come in one listing, which is kept for a moment and shared by the passes of a process.
 */
import { detailOf, type NodeId, type Observed } from '@baykeeper/domain';
import type { EngineObservation, Machine } from '@baykeeper/drivers';
import { engineContextOf, type BayState } from './bay-state.js';
import type { ReconcilerDependencies } from './dependencies.js';
import { withPatience } from './with-patience.js';

/** Long enough that a storm of passes lists once, short enough that a lost machine is noticed by the next sweep. */
const LISTING_LIVES_MS = 5_000;
/** And at least this many times as long as it took: a cloud with very many machines must not be listed all the time. */
const LISTING_LIVES_FOR_ITS_TIMES = 20;

export interface MachineListing {
  /** Machines of the installation and the moment the question was asked; null: could not be asked. */
  read(): Promise<{
    readonly machines: ReadonlyMap<string, Machine>;
    /** Of them, for the planner: it asks of a bay's own nodes only, so they need not be gone through for each bay. */
    readonly states: Pick<ReadonlyMap<NodeId, Machine['state']>, 'get' | 'has'>;
    readonly askedAt: Date;
  } | null>;
}

export function openMachineListing({
  drivers,
  installation,
  now,
  log,
  driverPatienceMs,
}: Pick<ReconcilerDependencies, 'drivers' | 'installation' | 'now' | 'log' | 'driverPatienceMs'>): MachineListing {
  type Listing = NonNullable<Awaited<ReturnType<MachineListing['read']>>>;
  let current: { at: number; tookMs: number; result: Promise<Listing | null> } | null = null;
  const list = async (): Promise<Listing | null> => {
    const askedAt = now();
    try {
      const listed = await withPatience(() => drivers.compute.listMachines(installation), driverPatienceMs);
      const machines = new Map<string, Machine>(listed.map((machine) => [machine.id, machine]));
      const states = {
        get: (id: NodeId): Machine['state'] | undefined => machines.get(id)?.state,
        has: (id: NodeId): boolean => machines.has(id),
      };
      return { askedAt, machines, states };
    } catch (error) {
      log.warn({ error: detailOf(error) }, 'listing machines failed');
      return null;
    }
  };
  return {
    read() {
      const at = now().getTime();
      if (!current || at - current.at > Math.max(LISTING_LIVES_MS, current.tookMs * LISTING_LIVES_FOR_ITS_TIMES)) {
        const listing = { at, tookMs: 0, result: list() };
        const start = performance.now();
        void listing.result.then(() => (listing.tookMs = performance.now() - start));
        current = listing;
      }
      return current.result;
    },
  };
}

type EngineNodes = Extract<EngineObservation, { readonly reachable: true }>['nodes'];

export interface BayObservation {
  readonly observed: Observed;
  readonly engine: EngineObservation | null;
}

export async function observeBay(
  dependencies: ReconcilerDependencies,
  listing: MachineListing,
  state: BayState,
): Promise<BayObservation> {
  const [machines, engine] = await Promise.all([
    observeMachines(listing, state, dependencies.now()),
    observeEngine(dependencies, state),
  ]);
  return {
    engine,
    observed: {
      ...machines,
      engine: engine?.reachable ? statesOf(engine.nodes) : 'unknown',
      ...(engine?.reachable && engine.notes && { notes: engine.notes }),
      ...(engine?.reachable && engine.listeners && { listeners: engine.listeners }),
    },
  };
}

/** Without a pair for each: of a large bay this is made with every pass. */
function statesOf(nodes: EngineNodes): ReadonlyMap<string, EngineNodes[number]['state']> {
  const states = new Map<string, EngineNodes[number]['state']>();
  for (const { name, state } of nodes) states.set(name, state);
  return states;
}

async function observeMachines(
  listing: MachineListing,
  { nodes }: BayState,
  now: Date,
): Promise<Pick<Observed, 'machines' | 'machinesAskedAt'>> {
  if (!nodes.some((node) => node.machineCreatedAt && !node.machineRemovedAt)) {
    return { machines: 'unknown', machinesAskedAt: now };
  }
  const listed = await listing.read();
  if (!listed) return { machines: 'unknown', machinesAskedAt: now };
  return { machines: listed.states, machinesAskedAt: listed.askedAt };
}

async function observeEngine(dependencies: ReconcilerDependencies, state: BayState): Promise<EngineObservation | null> {
  if (state.bay.deletionRequestedAt || !state.nodes.some((node) => node.role === 'master' && node.joinedAt))
    return null;
  try {
    const context = await engineContextOf(dependencies, state);
    const engine = dependencies.drivers.engine(state.bay.engine);
    return await withPatience(() => engine.observe(context), dependencies.driverPatienceMs);
  } catch (error) {
    dependencies.log.warn({ bayId: state.bay.id, error: detailOf(error) }, 'observing the engine failed');
    return { reachable: false, reason: 'The engine could not be asked.' };
  }
}
