import { listNodes, showBay } from '../api/bays.js';
import type { BayBody, NodeBody } from '../api/wire.js';
import { wantsColour, type CommandContext } from '../context.js';
import { CommandFailure } from '../failure.js';
import { renderElapsed } from '../output/durations.js';
import type { Session } from '../session/session.js';
import { orAborted, sleep } from './abort.js';
import { PlainProgress } from './plain-progress.js';
import { SILENT_PROGRESS, type ProgressView } from './progress.js';
import { TerminalProgress } from './terminal-progress.js';
import { hasChanged, judge, type Goal, type Look } from './verdict.js';

export interface Wait {
  readonly uuid: string;
  readonly name: string;
  readonly goal: Goal;
  /** The bay just before the wish; null when there was no wish. */
  readonly before: BayBody | null;
  /** Milliseconds; null waits as long as it takes (the bay's own deadline ends it). */
  readonly timeoutMs: number | null;
}

/** Between two looks, in milliseconds; longer when a look itself takes long, so that a huge bay is not asked all the time. */
const POLL_MS = 200;
const POLL_FACTOR = 5;
/** For how long, in milliseconds, the service may be away before a wait gives up: enough for it to be restarted. */
const AWAY_MS = 120_000;

/**
 * Looks at a bay until the goal is reached, and shows how it goes. Returns the bay, or null when it is gone as wished.
 * Throws `bay-failed` with its status_reason, `wait-timeout`, or `interrupted`; none of these touches the bay.
 */
export async function waitForBay(context: CommandContext, session: Session, wait: Wait): Promise<BayBody | null> {
  const view = chooseView(context);
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    interrupt.abort();
  };
  // Once: a second Ctrl-C ends the program the hard way.
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  try {
    return await watch(session, wait, view, interrupt.signal);
  } finally {
    view.finish();
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}

async function watch(
  session: Session,
  wait: Wait,
  view: ProgressView,
  interrupted: AbortSignal,
): Promise<BayBody | null> {
  const start = performance.now();
  const deadline = wait.timeoutMs === null ? null : AbortSignal.timeout(wait.timeoutMs);
  const stop = deadline === null ? interrupted : AbortSignal.any([interrupted, deadline]);
  let changed = false;
  let awaySince: number | null = null;
  for (;;) {
    const lookedAt = performance.now();
    // Neither a Ctrl-C nor the time limit waits for a slow answer.
    const look = await orAborted(tryToLook(session, wait.uuid), stop);
    const now = performance.now();
    if (look instanceof CommandFailure) {
      awaySince ??= lookedAt;
      if (now - awaySince > AWAY_MS) throw look;
      view.note(`${look.message.replace(/ Try again.*$/, '')} Trying again.`, now - start);
    } else if (look !== null) {
      awaySince = null;
      changed ||= wait.before !== null && look.bay !== null && hasChanged(wait.before, look.bay);
      view.show(look, now - start);
      const verdict = judge({ goal: wait.goal, before: wait.before, changed, look, sinceMs: now - start });
      if (verdict.kind === 'reached') return look.bay;
      if (verdict.kind === 'gone') {
        throw new CommandFailure('not-found', `Bay "${wait.name}" was deleted while it was waited for.`);
      }
      if (verdict.kind === 'failed') throw bayFailure(wait.name, verdict.status, verdict.reason);
    }
    await sleep(Math.max(POLL_MS, (now - lookedAt) * POLL_FACTOR), stop);
    if (interrupted.aborted) {
      throw new CommandFailure(
        'interrupted',
        `Stopped watching; bay "${wait.name}" goes on by itself. ${resume(wait)}`,
      );
    }
    if (stop.aborted) throw timeoutFailure(wait, performance.now() - start);
  }
}

/** A look, or the failure of one that may pass by itself: the service is away, or stumbled. */
async function tryToLook(session: Session, uuid: string): Promise<Look | CommandFailure> {
  try {
    const [bay, nodes] = await Promise.all([
      orIfGone(showBay(session, uuid), null),
      orIfGone(listNodes(session, uuid), []),
    ]);
    return { bay, nodes: bay === null ? [] : nodes.filter((node) => node.phase !== 'removed') };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    if (error.code === 'cannot-connect' || (error.httpStatus ?? 0) >= 500) return error;
    throw error;
  }
}

async function orIfGone<Value extends BayBody | readonly NodeBody[] | null>(
  ask: Promise<Value>,
  gone: Value,
): Promise<Value> {
  try {
    return await ask;
  } catch (error) {
    if (error instanceof CommandFailure && error.code === 'not-found') return gone;
    throw error;
  }
}

function bayFailure(name: string, status: string, reason: string | null): CommandFailure {
  const [first, ...more] = (reason ?? 'it gave no reason').split('\n');
  const cure = status === 'DELETE_FAILED' ? `bay rm ${name}` : `bay retry ${name}`;
  return new CommandFailure('bay-failed', {
    message: `Bay "${name}" is ${status}: ${(first ?? '').replace(/\.$/, '')}. Try again with: ${cure}`,
    detail: more.join('\n').trimEnd(),
  });
}

function timeoutFailure(wait: Wait, elapsedMs: number): CommandFailure {
  return new CommandFailure(
    'wait-timeout',
    `Bay "${wait.name}" is not ${wait.goal.kind === 'deleted' ? 'gone' : 'done'} after ${renderElapsed(elapsedMs)}; it goes on by itself. ${resume(wait)}`,
  );
}

function resume(wait: Wait): string {
  return `Watch it again with: bay wait ${wait.name}${wait.goal.kind === 'deleted' ? ' --deleted' : ''}`;
}

function chooseView(context: CommandContext): ProgressView {
  if (context.structured) return SILENT_PROGRESS;
  if (context.stderr.isTTY !== true || context.environment['TERM'] === 'dumb') return new PlainProgress(context.stderr);
  return new TerminalProgress(context.stderr, wantsColour(context.environment, context.stderr));
}
