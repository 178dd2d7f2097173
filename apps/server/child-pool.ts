/**
 * Keeps the API and worker processes running. API processes are forked by Node's cluster module, which lets them listen on
 * the same ports; workers listen on none. A child that dies is started again after a pause that grows while it keeps
 * dying; one that dies again and again before it was ever ready will not get better, and ends the server with a reason.
 */
import { fork, type ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { BaykeeperError, type Log } from '@baykeeper/domain';
import { REFUSED_EXIT_CODE, SLOT_VARIABLE, isOurMessage, type ProcessMetrics } from '@baykeeper/platform';
import { memoryFlags } from './memory-flags.js';

export interface ChildKind {
  /** For log lines and sentences. */
  readonly name: 'API' | 'worker';
  /** Path of the module to run. */
  readonly entry: string;
  readonly count: number;
  /** Children share listening ports. */
  readonly sharesPorts: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ChildPoolSettings {
  readonly kinds: readonly ChildKind[];
  /** MiB that a child's JavaScript heap may grow to. */
  readonly heapMegabytes: number;
  /** Children take so much longer to end. */
  readonly shutdownDelayMilliseconds: number;
  readonly log: Log;
  /** Called once when a child can't be started. */
  readonly onFatal: (error: BaykeeperError) => void;
}

const FIRST_PAUSE_MILLISECONDS = 200;
const LONGEST_PAUSE_MILLISECONDS = 10_000;
/** A child that lived this long was fine; its end is a new story. */
const FINE_MILLISECONDS = 30_000;
const MOST_FAILED_STARTS = 4;
/** Longer than a child takes for itself to end gracefully. */
const STOP_MILLISECONDS = 25_000;
/** Longer than a start takes that waits for a database, and for migrations of an ordinary size. */
const START_MILLISECONDS = 120_000;
const METRICS_MILLISECONDS = 1_500;
/** Children's lines are logs; standard output belongs to the supervisor's plain sentences. */
const STDIO = ['ignore', 2, 2, 'ipc'] as const;

interface Slot {
  readonly kind: ChildKind;
  readonly index: number;
  child: ChildProcess | null;
  ready: boolean;
  everReady: boolean;
  failures: number;
  timer: NodeJS.Timeout | null;
}

export class ChildPool {
  private readonly slots: readonly Slot[];
  private readonly flags: readonly string[];
  private stopping = false;
  private announceReady: () => void = () => undefined;
  private readonly allReady = new Promise<void>((resolve) => (this.announceReady = resolve));
  private rolling: Promise<boolean> | null = null;
  /** Children that are to take the place of another one, and those that gave theirs away. */
  private readonly successors = new Set<ChildProcess>();
  private readonly retiring = new Set<ChildProcess>();
  private readonly collections = new Map<string, (metrics: ProcessMetrics) => void>();

  constructor(private readonly settings: ChildPoolSettings) {
    const { heapMegabytes, kinds } = settings;
    const processes = kinds.reduce((sum, { count }) => sum + count, 0);
    this.flags = memoryFlags({ heapMegabytes, processes, processors: availableParallelism() });
    this.slots = settings.kinds.flatMap((kind) =>
      Array.from({ length: kind.count }, (_, index) => ({
        kind,
        index,
        child: null,
        ready: false,
        everReady: false,
        failures: 0,
        timer: null,
      })),
    );
  }

  /** Resolves when every child has been ready once. */
  async start(): Promise<void> {
    for (const slot of this.slots) this.spawn(slot);
    await this.allReady;
  }

  /** Lets all children end gracefully, at the same time; kills those that do not. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const child of this.successors) child.kill('SIGKILL');
    for (const child of this.retiring) child.kill('SIGTERM');
    await Promise.all([...this.slots.map((slot) => this.stopSlot(slot)), this.rolling]);
  }

  /**
   * Replaces all children, one at a time: each ends only when another one of its kind is ready in its place.
   * @returns whether all were replaced; when a new one does not get ready, the old ones go on
   */
  roll(): Promise<boolean> {
    this.rolling ??= this.rollAll().finally(() => {
      this.rolling = null;
    });
    return this.rolling;
  }

  private async rollAll(): Promise<boolean> {
    for (const slot of this.slots) {
      if (this.stopping || !(await this.replace(slot))) return false;
    }
    return true;
  }

  private async replace(slot: Slot): Promise<boolean> {
    const { log } = this.settings;
    const next = this.fork(slot);
    const place = { child: slot.kind.name, index: slot.index };
    this.successors.add(next);
    const isReady = await becomesReady(next);
    this.successors.delete(next);
    if (!isReady || this.stopping) {
      next.kill('SIGKILL');
      log.error({ ...place, new_pid: next.pid }, 'a new child does not get ready, the old one goes on');
      return false;
    }
    if (slot.timer !== null) clearTimeout(slot.timer);
    slot.timer = null;
    const old = slot.child;
    slot.child = next;
    slot.ready = true;
    slot.failures = 0;
    log.info({ ...place, new_pid: next.pid, old_pid: old?.pid }, 'a new child took the place of an old one');
    if (old !== null) {
      this.retiring.add(old);
      await this.end(old, place, () => {
        sendTo(old, { baykeeper: 'retire' });
      });
      this.retiring.delete(old);
    }
    return true;
  }

  private spawn(slot: Slot): void {
    slot.timer = null;
    if (this.stopping) return;
    slot.child = this.fork(slot);
    slot.ready = false;
  }

  private fork(slot: Slot): ChildProcess {
    const child = forkChild(slot, this.flags);
    const startedAt = performance.now();
    child.on('message', (message: unknown) => {
      this.onMessage(slot, child, message);
    });
    // Without a listener an IPC failure of a dying child would end the supervisor; the exit is reported anyway.
    child.on('error', (error) => {
      this.settings.log.error({ child: slot.kind.name, err: error }, 'speaking with a child failed');
    });
    child.once('exit', (code, signal) => {
      // One that took no place yet, or gave its place away, leaves none empty.
      if (slot.child === child) this.onExit(slot, { code, signal, lived: performance.now() - startedAt });
    });
    this.settings.log.info({ child: slot.kind.name, index: slot.index, child_pid: child.pid }, 'starting a child');
    return child;
  }

  private onExit(slot: Slot, end: { code: number | null; signal: NodeJS.Signals | null; lived: number }): void {
    slot.child = null;
    slot.ready = false;
    if (this.stopping) return;
    slot.failures = end.lived > FINE_MILLISECONDS ? 1 : slot.failures + 1;
    const how = end.signal ?? `code ${String(end.code)}`;
    if (!slot.everReady && end.code === REFUSED_EXIT_CODE) {
      // The next start would be refused too, and the one line that says why would drown among its repetitions.
      this.stopping = true;
      this.settings.onFatal(
        new BaykeeperError({
          code: 'conflict',
          publicMessage: `The ${slot.kind.name} process refuses to start. Its own line above says what to change.`,
        }),
      );
      return;
    }
    if (!slot.everReady && slot.failures >= MOST_FAILED_STARTS) {
      this.settings.onFatal(
        new BaykeeperError({
          code: 'internal',
          publicMessage: `The ${slot.kind.name} process does not start: it ended with ${how}, ${slot.failures} times in a row. Its own lines above say why.`,
        }),
      );
      return;
    }
    const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (slot.failures - 1), LONGEST_PAUSE_MILLISECONDS);
    this.settings.log.error(
      { child: slot.kind.name, index: slot.index, how, again_in_ms: pause },
      'a child ended, starting it again',
    );
    slot.timer = setTimeout(() => {
      this.spawn(slot);
    }, pause);
  }

  private onMessage(slot: Slot, child: ChildProcess, message: unknown): void {
    if (!isOurMessage(message)) return;
    switch (message.baykeeper) {
      case 'ready':
        if (slot.child !== child) break;
        slot.ready = true;
        slot.everReady = true;
        if (this.slots.every(({ everReady }) => everReady)) this.announceReady();
        break;
      case 'metrics':
        this.collections.get(message.id)?.(message.metrics);
        break;
      case 'collect-metrics':
        void this.collectMetrics(message.id).then((metrics) => {
          sendTo(child, { baykeeper: 'all-metrics', id: message.id, metrics });
        });
        break;
      case 'retire':
      case 'report-metrics':
      case 'all-metrics':
        break;
    }
  }

  /** The metrics of all children that answer in time. */
  private collectMetrics(id: string): Promise<ProcessMetrics[]> {
    const children = this.slots.flatMap(({ child, ready }) => (child === null || !ready ? [] : [child]));
    return new Promise((resolve) => {
      const collected: ProcessMetrics[] = [];
      const finish = () => {
        clearTimeout(timer);
        this.collections.delete(id);
        resolve(collected);
      };
      const timer = setTimeout(finish, METRICS_MILLISECONDS);
      this.collections.set(id, (metrics) => {
        collected.push(metrics);
        if (collected.length === children.length) finish();
      });
      for (const child of children) sendTo(child, { baykeeper: 'report-metrics', id });
    });
  }

  private async stopSlot(slot: Slot): Promise<void> {
    if (slot.timer !== null) clearTimeout(slot.timer);
    const { child } = slot;
    if (child === null) return;
    await this.end(child, { child: slot.kind.name, index: slot.index }, () => child.kill('SIGTERM'));
  }

  /** Resolves when the child has ended; one that does not by itself is killed. */
  private async end(child: ChildProcess, place: object, ask: () => void): Promise<void> {
    if (hasEnded(child)) return;
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => {
        resolve();
      });
    });
    ask();
    const timer = setTimeout(() => {
      this.settings.log.warn({ ...place, child_pid: child.pid }, 'killing a child that does not end');
      child.kill('SIGKILL');
    }, STOP_MILLISECONDS + this.settings.shutdownDelayMilliseconds);
    await ended;
    clearTimeout(timer);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** False when it ended before, or takes too long. */
function becomesReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (isReady: boolean) => {
      clearTimeout(timer);
      resolve(isReady);
    };
    const timer = setTimeout(() => {
      finish(false);
    }, START_MILLISECONDS);
    child.on('message', (message: unknown) => {
      if (isOurMessage(message) && message.baykeeper === 'ready') finish(true);
    });
    child.once('exit', () => {
      finish(false);
    });
  });
}

function forkChild({ kind, index }: Slot, execArgv: readonly string[]): ChildProcess {
  const { entry, sharesPorts } = kind;
  const environment = { ...kind.environment, [SLOT_VARIABLE]: String(index) };
  if (!sharesPorts) return fork(entry, { env: environment, stdio: [...STDIO], execArgv: [...execArgv] });
  // Children accept from the shared socket themselves. Round robin (the default) hands each connection over by a message,
  // and a connection that is handed to a child that was just killed would stay open for ever without an answer.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  // These settings hold for the next fork; the cluster adds its own variable to the environment.
  cluster.setupPrimary({ exec: entry, args: [], stdio: [...STDIO], execArgv: [...execArgv] });
  return cluster.fork(environment).process;
}

function sendTo(child: ChildProcess, message: object): void {
  if (child.connected) child.send(message, () => undefined);
}
