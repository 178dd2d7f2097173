import { showBay } from '../api/bays.js';
import type { BayBody } from '../api/wire.js';
import { printData, printResult, type CommandContext } from '../context.js';
import type { Session } from '../session/session.js';
import type { Goal } from '../waiting/verdict.js';
import { waitForBay } from '../waiting/wait-for-bay.js';
import { bayJson, templatesByUuid } from './bay-lookup.js';
import { wantsToWait, type WaitOptions } from './begin.js';

export interface Wish {
  readonly uuid: string;
  readonly name: string;
  readonly before: BayBody | null;
  readonly goal: Goal;
  /** What to say when nobody waits. */
  readonly accepted: string;
}

/** After a wish was accepted: waits if asked to, then prints the bay. */
export async function conclude(
  context: CommandContext,
  session: Session,
  wish: Wish,
  options: WaitOptions,
): Promise<void> {
  const waits = wantsToWait(options);
  const started = performance.now();
  const bay = waits
    ? await waitForBay(context, session, { ...wish, timeoutMs: options.waitTimeout ?? null })
    : await showBay(session, wish.uuid);
  if (context.structured) {
    const { uuid, name } = wish;
    printData(context, bay === null ? { uuid, name, gone: true } : bayJson(bay, await templatesByUuid(session)));
  } else if (!waits || bay === null) {
    printResult(context, wish.accepted);
  } else {
    printResult(context, describeDone(bay, performance.now() - started));
  }
}

function describeDone(bay: BayBody, milliseconds: number): string {
  const at = bay.api_address === null ? '' : ` at ${bay.api_address}`;
  const nodes = `${bay.master_count} master${bay.master_count === 1 ? '' : 's'}, ${bay.node_count} node${bay.node_count === 1 ? '' : 's'}`;
  return `Bay "${bay.name}" is ${bay.status}${at} after ${(milliseconds / 1000).toFixed(1)} s: ${nodes}.`;
}
