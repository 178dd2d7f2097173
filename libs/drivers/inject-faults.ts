/**
 * Faults on demand, around the simulated drivers alone: what clouds do wrong, as a file says that is read again while the
 * process runs. Given the same file, the same call about the same thing goes wrong again in every process: what is drawn
 * depends on the seed, the call, what it is about and how often this process asked it, not on what else goes on.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { BaykeeperError } from '@baykeeper/domain';
import { z } from 'zod';
import type { AroundCall } from './watch-calls.js';

const FAULTY_CALLS = [
  'compute.ensureMachine',
  'compute.removeMachine',
  'compute.listMachines',
  'load-balancer.ensureLoadBalancer',
  'load-balancer.ensureMembers',
  'load-balancer.changeMembers',
  'load-balancer.removeLoadBalancer',
  'load-balancer.list',
  'load-balancer.observe',
] as const;

const KINDS = [
  /** Nothing was done. */
  'fails-before',
  /** All was done, and the answer says that it failed. */
  'fails-after',
  /** Nothing is done and nothing is answered, ever. */
  'hangs-before',
  /** All was done, and it is never answered. */
  'hangs-after',
  /** HTTP's 429 with a `Retry-After`. */
  'throttles',
  /** The cloud's own quota, not that of a project here. */
  'quota',
] as const;

const faultsFile = z.strictObject({
  seed: z.int(),
  /** Of those that fit a call, the first one that is drawn happens. */
  faults: z.array(
    z.strictObject({
      calls: z.array(z.enum(FAULTY_CALLS)).min(1),
      kind: z.enum(KINDS),
      /** Of those calls, from 0 to 1. */
      share: z.number().min(0).max(1),
      /** What a call that is throttled is told to wait. */
      retryAfterSeconds: z.number().positive().default(1),
    }),
  ),
  /** For how long a machine that was made is not listed yet. */
  unlistedSeconds: z.number().min(0).default(0),
});
export type SimulatedFaults = z.input<typeof faultsFile>;
type ReadFaults = z.output<typeof faultsFile>;

export interface FaultSource {
  /** What holds now. A file that is not there says that all is well. */
  read(): Promise<ReadFaults>;
}

/** @param path is looked at with every call: what is written there holds for the next one */
export function openFaults(path: string): FaultSource {
  let last: { readonly version: string; readonly faults: Promise<ReadFaults> } | null = null;
  const load = async (): Promise<ReadFaults> => {
    const text = await readFile(path, 'utf8').catch(unlessMissing('{"seed":0,"faults":[]}'));
    return faultsFile.parse(JSON.parse(text));
  };
  return {
    async read() {
      const version = await stat(path, { bigint: true })
        .then(({ ino, mtimeNs, size }) => [ino, mtimeNs, size].join(' '))
        .catch(unlessMissing('none'));
      if (last?.version !== version) last = { version, faults: load() };
      return last.faults;
    },
  };
}

const unlessMissing =
  (instead: string) =>
  (error: unknown): string => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return instead;
    throw error;
  };

/** Give it to `watchCalls`. */
export function injectFaults(source: FaultSource): AroundCall {
  const asked = new Map<string, number>();
  return async ({ kind, operation }, work, about) => {
    const call = `${kind}.${operation}`;
    const { seed, faults } = await source.read();
    const key = `${call} ${aboutOf(about)}`;
    const nth = (asked.get(key) ?? 0) + 1;
    asked.set(key, nth);
    const fault = faults.find(
      ({ calls, share }, index) =>
        calls.some((known) => known === call) && draw(`${String(seed)} ${String(index)} ${key} ${String(nth)}`) < share,
    );
    if (fault === undefined) return work();
    if (fault.kind === 'fails-after' || fault.kind === 'hangs-after') await work();
    switch (fault.kind) {
      case 'hangs-before':
      case 'hangs-after':
        return new Promise<never>(() => undefined);
      case 'throttles':
        throw new BaykeeperError({
          code: 'too-many-requests',
          publicMessage: 'The simulated cloud was asked too often, as its faults ask for. It will be tried again.',
          retryAfterSeconds: fault.retryAfterSeconds,
        });
      case 'quota':
        throw new BaykeeperError({
          code: 'provider-unavailable',
          publicMessage:
            'The quota of the simulated cloud is used up. Remove what is not needed, or ask whoever runs this service for more; it is tried again.',
        });
      case 'fails-before':
      case 'fails-after':
        throw new BaykeeperError({
          code: 'provider-unavailable',
          publicMessage: 'The simulated cloud failed, as its faults ask for. It will be tried again.',
        });
    }
  };
}

/** The id that a call is about, where there is one. */
function aboutOf(parameter: unknown): string {
  if (typeof parameter === 'string') return parameter;
  return typeof parameter === 'object' && parameter !== null && 'id' in parameter ? String(parameter.id) : '';
}

/** From 0 to 1, the same for the same text. */
function draw(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
