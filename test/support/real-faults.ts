/** Blows to real machines and processes, and what is watched meanwhile. */
import { readdir, readFile } from 'node:fs/promises';
import type { RunningServer } from './running-server.js';
import { until } from './run.js';
import type { RealBays } from './real-bays.js';

/** Short intervals, so that a run waits for what happens and not for the clock. Everything else is as operators have it. */
export const PROMPT = {
  BAYKEEPER_COMPUTE: 'local',
  BAYKEEPER_SWEEP_SECONDS: '2',
  BAYKEEPER_SETTLED_SWEEP_SECONDS: '3',
  BAYKEEPER_NODE_LOST_TIMEOUT_SECONDS: '20',
  BAYKEEPER_DRAIN_TIMEOUT_SECONDS: '30',
} as const;

export interface NodeView {
  readonly uuid: string;
  readonly name: string;
  readonly role: string;
  readonly phase: string;
  readonly address: string | null;
  readonly engine_state: string | null;
}

export interface EventView {
  readonly kind: string;
  readonly level: string;
  readonly message: string;
}

export interface BayView {
  readonly uuid: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly health_status: string | null;
  readonly api_address: string;
}

export async function listNodes(bays: RealBays, bay: string): Promise<readonly NodeView[]> {
  return (await bays.bayJson<{ nodes: readonly NodeView[] }>(['nodes', bay])).nodes;
}

export async function listEvents(bays: RealBays, bay: string): Promise<readonly EventView[]> {
  return (await bays.bayJson<{ events: readonly EventView[] }>(['events', bay])).events;
}

export const showBay = (bays: RealBays, bay: string): Promise<BayView> => bays.bayJson<BayView>(['show', bay]);

export async function nodeNamed(bays: RealBays, bay: string, name: string): Promise<NodeView> {
  const node = (await listNodes(bays, bay)).find((known) => known.name === name);
  if (node === undefined) throw new Error(`bay ${bay} has no node ${name}`);
  return node;
}

/** Waits until the bay is complete, has exactly these nodes, and Docker itself lists the same, all ready. */
export async function untilNodes(
  bays: RealBays,
  bay: string,
  names: readonly string[],
  timeoutMs: number,
): Promise<void> {
  let seen = '';
  await until(`${bay} to be ${names.join(', ')}`, timeoutMs, async () => {
    const [shown, nodes, swarm] = await Promise.all([
      showBay(bays, bay),
      listNodes(bays, bay),
      bays.swarmNodes(bay).catch(() => [] as readonly string[]),
    ]);
    seen = JSON.stringify({
      shown: [shown.status, shown.status_reason],
      nodes: nodes.map(({ name, phase }) => `${name} ${phase}`),
      swarm,
    });
    const listed = swarm.map((line) => line.split(' '));
    return (
      shown.status.endsWith('_COMPLETE') &&
      same(
        nodes.filter(({ phase }) => phase === 'ready').map(({ name }) => name),
        names,
      ) &&
      nodes.length === names.length &&
      same(
        listed.map(([name]) => name ?? ''),
        names,
      ) &&
      listed.every(([, state]) => state === 'Ready') &&
      (await bays.containers()).length === names.length
    );
  }).catch(async (error: unknown) => {
    const events = (await listEvents(bays, bay)).slice(-30).map(({ message }) => message);
    throw new Error(`${String(error)}\nlast seen: ${seen}\n${events.join('\n')}`);
  });
}

function same(some: readonly string[], others: readonly string[]): boolean {
  return JSON.stringify([...some].sort()) === JSON.stringify([...others].sort());
}

/** Milliseconds that something took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return Math.round(performance.now() - start);
}

export interface Samples {
  /** Ends the sampling. @returns how often it was asked, and what each failure said. */
  stop(): Promise<{ readonly asked: number; readonly failures: readonly string[]; readonly slowestMs: number }>;
}

/** Asks one question after the other until it is told to stop. */
export function sample(ask: () => Promise<unknown>): Samples {
  const control = { isOver: false };
  const failures: string[] = [];
  let asked = 0;
  let slowestMs = 0;
  const running = (async () => {
    while (!control.isOver) {
      asked += 1;
      slowestMs = Math.max(
        slowestMs,
        await timed(() => ask().catch((error: unknown) => failures.push(String(error).slice(0, 500)))),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    async stop() {
      control.isOver = true;
      await running;
      return { asked, failures, slowestMs };
    },
  };
}

/** Kills the supervisor with all that it started, at once; machines and HAProxy are nobody's children and go on. */
export async function killTree(server: RunningServer): Promise<void> {
  const { pid } = server.process();
  if (pid === undefined) throw new Error('the server does not run');
  // So that it starts nothing again meanwhile.
  process.kill(pid, 'SIGSTOP');
  for (const child of await descendantsOf(pid)) kill(child);
  await server.kill();
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function descendantsOf(ancestor: number): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
    parents.set(Number(entry), Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0));
  }
  const found = [ancestor];
  for (const one of found) for (const [pid, parent] of parents) if (parent === one) found.push(pid);
  return found.slice(1);
}
