import type { Command } from 'commander';
import { listNodes, resizeBay, showBay } from '../api/bays.js';
import { listGroups } from '../api/node-groups.js';
import { previewChange } from '../api/previews.js';
import type { NodeBody } from '../api/wire.js';
import { CommandFailure } from '../failure.js';
import { addWaitOptions, type Beginning, type WaitOptions } from './begin.js';
import { conclude } from './conclude.js';
import { DRY_RUN, printPreview } from './dry-run.js';

interface RebuildOptions extends WaitOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Replaces workers by fresh ones: their machines are made anew, and everything on them is gone. */
export function registerRebuild(program: Command, beginning: Beginning): void {
  const rebuild = program
    .command('rebuild')
    .summary('replace workers by fresh ones; without names, those that failed')
    .argument('<bay>', 'name or uuid')
    .argument('[node...]', 'names or uuids of workers')
    .option('-y, --yes', 'do not ask')
    .option(...DRY_RUN);
  addWaitOptions(rebuild).action(
    async (ident: string, wanted: readonly string[], options: RebuildOptions, command: Command) => {
      const { context, session } = await beginning.session(command);
      const before = await showBay(session, ident);
      const chosen = choose(await listNodes(session, before.uuid), wanted, before.name);
      const groups = await listGroups(session, before.uuid);
      const wishes = groups.flatMap(({ reader }) => {
        const names = chosen.filter((node) => node.nodegroup === reader.text('name')).map(({ name }) => name);
        const wish = { node_count: reader.count('node_count'), nodegroup: reader.text('uuid'), nodes_to_remove: names };
        return names.length === 0 ? [] : [wish];
      });
      const [first, ...others] = wishes;
      if (first === undefined) throw new CommandFailure('refused', 'These nodes are in no group any more.');
      if (others.length > 0) {
        throw new CommandFailure('usage', 'These nodes are of several groups. Rebuild one group after the other.');
      }
      if (options.dryRun === true) {
        printPreview(context, await previewChange(session, before.uuid, { action: 'resize', ...first }));
        return;
      }
      const names = chosen.map(({ name }) => name).join(', ');
      if (options.yes !== true) {
        await beginning.confirm(context, `Replace ${names}, with everything on them?`, `Replacing ${names}`);
      }
      await resizeBay(session, before.uuid, first);
      const accepted = `${names} will be replaced. Watch it with: bay wait ${before.name}`;
      await conclude(context, session, { ...before, before, goal: { kind: 'settled' }, accepted }, options);
    },
  );
}

/** @throws CommandFailure `usage`, `not-found`, `refused` */
function choose(nodes: readonly NodeBody[], wanted: readonly string[], bay: string): readonly NodeBody[] {
  const workers = nodes.filter((node) => node.role === 'worker' && node.phase !== 'removed');
  if (wanted.length === 0) {
    const failed = workers.filter((node) => node.phase === 'failed');
    if (failed.length > 0) return failed;
    throw new CommandFailure(
      'refused',
      `No worker of bay "${bay}" failed. Name those to replace; see: bay nodes ${bay}`,
    );
  }
  return [...new Set(wanted)].map((ident) => {
    const found = workers.find((node) => node.name === ident || node.uuid === ident);
    if (found !== undefined) return found;
    throw new CommandFailure('not-found', `Bay "${bay}" has no worker "${ident}". List them with: bay nodes ${bay}`);
  });
}
