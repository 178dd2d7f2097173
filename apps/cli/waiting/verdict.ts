import type { BayBody, NodeBody } from '../api/wire.js';

/** What a wait is for. */
export type Goal =
  { readonly kind: 'settled' } | { readonly kind: 'node-count'; readonly count: number } | { readonly kind: 'deleted' };

/** What one look at a bay showed; `bay` is null once it is gone. */
export interface Look {
  readonly bay: BayBody | null;
  readonly nodes: readonly NodeBody[];
}

export type Verdict =
  | { readonly kind: 'going' }
  | { readonly kind: 'reached' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly status: string; readonly reason: string | null };

export interface VerdictInput {
  readonly goal: Goal;
  /** The bay just before the wish was made; null when the wait is for whatever it is doing now. */
  readonly before: BayBody | null;
  /** Whether its status, reason or time of change ever differed from `before` since. */
  readonly changed: boolean;
  readonly look: Look;
  /** Milliseconds since the wish was accepted. */
  readonly sinceMs: number;
}

/**
 * For how long, in milliseconds, a status that was already there before the wish may still be the answer to an earlier
 * one. The service answers as soon as a wish is written down; its status follows when a worker took it up.
 */
const STALE_MS = 20_000;

/** Whether a wait is over. A status counts only when it can be the answer to this wish, not to the one before it. */
export function judge(input: VerdictInput): Verdict {
  const { goal, look, before } = input;
  if (look.bay === null) return { kind: goal.kind === 'deleted' ? 'reached' : 'gone' };
  const { status, status_reason: reason } = look.bay;
  const stale = before !== null && !input.changed && input.sinceMs < STALE_MS;
  if (goal.kind === 'deleted') {
    return status === 'DELETE_FAILED' && !stale ? { kind: 'failed', status, reason } : { kind: 'going' };
  }
  if (status.endsWith('_FAILED')) return stale ? { kind: 'going' } : { kind: 'failed', status, reason };
  if (!status.endsWith('_COMPLETE')) return { kind: 'going' };
  if (goal.kind === 'node-count') {
    return hasWorkers(look, goal.count) || !stale ? { kind: 'reached' } : { kind: 'going' };
  }
  // Without a wish of our own, somebody else's may be underway: then the nodes are not yet what the bay should have.
  const behind = before === null && input.sinceMs < STALE_MS && look.nodes.length > 0 && !isComplete(look);
  return stale || behind ? { kind: 'going' } : { kind: 'reached' };
}

/** Whether the nodes, all of them ready, are as many as are wanted. */
function isComplete(look: Look): boolean {
  const nodes = look.nodes.filter((node) => node.phase !== 'removed');
  const wanted = (look.bay?.node_count ?? 0) + (look.bay?.master_count ?? 0);
  return nodes.length === wanted && nodes.every((node) => node.phase === 'ready');
}

/** Whether the wished workers, and no others, are there and ready: then even a stale status tells the truth. */
function hasWorkers(look: Look, count: number): boolean {
  const workers = look.nodes.filter((node) => node.role === 'worker' && node.phase !== 'removed');
  return (
    look.bay?.node_count === count && workers.length === count && workers.every((worker) => worker.phase === 'ready')
  );
}

export function hasChanged(before: BayBody, now: BayBody): boolean {
  return before.status !== now.status || before.status_reason !== now.status_reason;
}
