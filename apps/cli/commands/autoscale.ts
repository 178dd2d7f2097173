import type { Command } from 'commander';
import { showBay } from '../api/bays.js';
import { listGroups, updateGroup, type Operation } from '../api/node-groups.js';
import { printData, printResult } from '../context.js';
import { CommandFailure } from '../failure.js';
import { printableText } from '../output/printable-text.js';
import { countParser, type Beginning } from './begin.js';

interface AutoscaleOptions {
  readonly group?: string;
  readonly min?: number;
  readonly max?: number;
  readonly off?: boolean;
}

/** Bounds of a group, which whoever scales by load keeps: the service itself measures no load. */
export function registerAutoscale(program: Command, beginning: Beginning): void {
  program
    .command('autoscale')
    .summary('show or set within which bounds a group may be scaled')
    .description(
      'An autoscaler (such as cluster-autoscaler with its Magnum provider) resizes a group within its bounds, and so ' +
        'does everybody else. The service itself measures no load.',
    )
    .argument('<bay>', 'name or uuid')
    .option('-g, --group <group>', 'this node group; else the default workers')
    .option('--min <count>', 'it never gets smaller', countParser('--min', 0))
    .option('--max <count>', 'it never gets larger', countParser('--max', 1))
    .option('--off', 'take the bounds away')
    .action(async (ident: string, options: AutoscaleOptions, command: Command) => {
      const { group: wanted, min, max, off } = options;
      if (off === true && (min ?? max) !== undefined) {
        throw new CommandFailure('usage', 'Give either --off or bounds.');
      }
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      const groups = await listGroups(session, bay.uuid);
      const found = groups.find(({ reader }) =>
        wanted === undefined
          ? reader.flag('is_default') && reader.text('role') !== 'master'
          : reader.text('name') === wanted || reader.text('uuid') === wanted,
      );
      if (found === undefined) {
        const names = groups.map(({ reader }) => reader.text('name')).join(', ');
        throw new CommandFailure('not-found', `The bay has no node group "${wanted ?? ''}". It has: ${names}.`);
      }
      const patch: Operation[] = [];
      if (off === true || min !== undefined) patch.push(replace('/min_node_count', off === true ? 0 : (min ?? 0)));
      // On the wire 0 is no bound.
      if (off === true || max !== undefined) patch.push(replace('/max_node_count', off === true ? 0 : (max ?? 0)));
      const { whole, reader } =
        patch.length === 0 ? found : await updateGroup(session, bay.uuid, found.reader.text('uuid'), patch);
      if (context.structured) {
        printData(context, whole);
        return;
      }
      const most = reader.countOrNull('max_node_count');
      const bounds = `${reader.count('min_node_count')} to ${most === null ? 'as many as the quota allows' : most}`;
      const sentence = `Group "${reader.text('name')}" of bay "${bay.name}" has ${reader.count('node_count')} nodes and may have ${bounds}.`;
      printResult(context, printableText(sentence));
    });
}

function replace(path: string, value: number): Operation {
  return { op: 'replace', path, value };
}
