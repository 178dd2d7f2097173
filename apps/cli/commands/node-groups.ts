import type { Command } from 'commander';
import { showBay } from '../api/bays.js';
import type { JsonReader } from '../api/json-reader.js';
import { createGroup, listGroups, removeGroup, showGroup, updateGroup, type Operation } from '../api/node-groups.js';
import { printData, printResult, type CommandContext } from '../context.js';
import { CommandFailure } from '../failure.js';
import { paintStatus } from '../output/paint.js';
import { printableText } from '../output/printable-text.js';
import { renderFacts, renderTable, type Cell } from '../output/table.js';
import { collectLabel, collectText, countParser, type Beginning } from './begin.js';

interface CreateOptions {
  readonly nodes: number;
  readonly min: number;
  readonly max?: number;
  readonly role?: string;
  readonly flavor?: string;
  readonly image?: string;
  readonly dockerVolumeSize?: number;
  readonly label?: Readonly<Record<string, string>>;
  readonly replaceLabels?: boolean;
  readonly nodeLabel?: Readonly<Record<string, string>>;
  readonly taint?: readonly Taint[];
}

interface UpdateOptions {
  readonly min?: number;
  readonly max?: number;
  readonly nodeLabel?: Readonly<Record<string, string>>;
  readonly removeNodeLabel?: readonly string[];
  readonly taint?: readonly Taint[];
  readonly removeTaint?: readonly string[];
}

interface Taint {
  readonly key: string;
  readonly effect: string;
  readonly value?: string;
}

/** Workers of other sizes, images or labels within one bay. `bay scale --group` sets how many a group has. */
export function registerNodeGroups(program: Command, beginning: Beginning): void {
  const parent = program.command('nodegroups').alias('nodegroup').summary("list a bay's node groups");
  parent
    .command('ls', { isDefault: true })
    .alias('list')
    .summary("list a bay's node groups")
    .argument('<bay>', 'name or uuid')
    .action(async (ident: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const groups = await listGroups(session, (await showBay(session, ident)).uuid);
      if (context.structured) printData(context, { nodegroups: groups.map(({ whole }) => whole) });
      else printResult(context, renderGroups(groups.map(({ reader }) => reader)));
    });
  parent
    .command('show')
    .summary('show one node group')
    .argument('<bay>', 'name or uuid')
    .argument('<group>', 'name or uuid')
    .action(async (ident: string, group: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const shown = await showGroup(session, (await showBay(session, ident)).uuid, group);
      if (context.structured) printData(context, shown.whole);
      else printResult(context, renderGroup(shown.reader));
    });
  registerCreate(parent, beginning);
  registerUpdate(parent, beginning);
  parent
    .command('rm')
    .alias('delete')
    .summary('delete a node group: its nodes are drained first')
    .argument('<bay>', 'name or uuid')
    .argument('<group>', 'name or uuid')
    .action(async (ident: string, group: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      await removeGroup(session, bay.uuid, group);
      if (context.structured) printData(context, { bay: bay.uuid, name: group, gone: false });
      else say(context, `Node group "${group}" is being deleted. Watch it with: bay wait ${bay.name}`);
    });
}

function registerCreate(parent: Command, beginning: Beginning): void {
  parent
    .command('create')
    .summary('give a bay another group of workers')
    .argument('<bay>', 'name or uuid')
    .argument('<name>', 'its name')
    .option('-n, --nodes <count>', 'number of nodes', countParser('--nodes', 0), 1)
    .option('--min <count>', 'it never gets smaller', countParser('--min', 0), 0)
    .option('--max <count>', 'it never gets larger; 0: no bound', countParser('--max', 0))
    .option('--role <role>', 'what its nodes are for; else worker')
    .option('--flavor <flavor>', "size of its nodes; else the bay's")
    .option('--image <image>', "image of its nodes; else the bay's")
    .option('--docker-volume-size <GiB>', "disk for each node's containers", countParser('--docker-volume-size', 1))
    .option('-l, --label <key=value>', "set a label, beside the bay's; may be repeated", collectLabel)
    .option('--replace-labels', "use the given labels alone, not the bay's too")
    .option('--node-label <key=value>', 'label of each node in the engine; may be repeated', collectLabel)
    .option('--taint <key[=value]:effect>', 'taint of each node (kubernetes); may be repeated', collectTaint)
    .action(async (ident: string, name: string, options: CreateOptions, command: Command) => {
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      const created = await createGroup(session, bay.uuid, {
        ...{ name, node_count: options.nodes, min_node_count: options.min },
        ...(options.max !== undefined && { max_node_count: options.max }),
        ...(options.role !== undefined && { role: options.role }),
        ...(options.flavor !== undefined && { flavor_id: options.flavor }),
        ...(options.image !== undefined && { image_id: options.image }),
        ...(options.dockerVolumeSize !== undefined && { docker_volume_size: options.dockerVolumeSize }),
        ...(options.label && { labels: options.label, merge_labels: options.replaceLabels !== true }),
        ...(options.nodeLabel && { node_labels: options.nodeLabel }),
        ...(options.taint && { node_taints: options.taint }),
      });
      const { whole, reader } = created;
      if (context.structured) printData(context, whole);
      else
        say(
          context,
          `Node group "${name}" is being created (${reader.text('uuid')}). Watch it with: bay wait ${bay.name}`,
        );
    });
}

function registerUpdate(parent: Command, beginning: Beginning): void {
  parent
    .command('update')
    .summary("change a node group's bounds, node labels and taints")
    .argument('<bay>', 'name or uuid')
    .argument('<group>', 'name or uuid')
    .option('--min <count>', 'it never gets smaller', countParser('--min', 0))
    .option('--max <count>', 'it never gets larger; 0: no bound', countParser('--max', 0))
    .option('--node-label <key=value>', 'set a label of each node; may be repeated', collectLabel)
    .option('--remove-node-label <key>', 'may be repeated', collectText)
    .option('--taint <key[=value]:effect>', 'set a taint (kubernetes); may be repeated', collectTaint)
    .option('--remove-taint <key>', 'all taints of this key; may be repeated', collectText)
    .action(async (ident: string, group: string, options: UpdateOptions, command: Command) => {
      if (Object.keys(options).length === 0) {
        throw new CommandFailure('usage', 'Say what to change. See: bay nodegroups update --help');
      }
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      const { reader: before } = await showGroup(session, bay.uuid, group);
      const updated = await updateGroup(session, bay.uuid, before.text('uuid'), planPatch(before, options));
      if (context.structured) printData(context, updated.whole);
      else printResult(context, renderGroup(updated.reader));
    });
}

/** Maps and lists are replaced whole, as text that holds JSON (Magnum). */
function planPatch(before: JsonReader, options: UpdateOptions): readonly Operation[] {
  const replace = (path: string, value: string | number): Operation => ({ op: 'replace', path, value });
  const { min, max, nodeLabel, removeNodeLabel, taint, removeTaint } = options;
  const patch: Operation[] = [];
  if (min !== undefined) patch.push(replace('/min_node_count', min));
  if (max !== undefined) patch.push(replace('/max_node_count', max));
  if (nodeLabel ?? removeNodeLabel) {
    const kept = Object.entries(before.textMap('node_labels')).filter(([key]) => !removeNodeLabel?.includes(key));
    patch.push(replace('/node_labels', JSON.stringify({ ...Object.fromEntries(kept), ...nodeLabel })));
  }
  if (taint ?? removeTaint) {
    const isReplaced = (old: Taint): boolean =>
      removeTaint?.includes(old.key) === true ||
      taint?.some(({ key, effect }) => key === old.key && effect === old.effect) === true;
    const kept = before.list('node_taints', (value) => value as Taint).filter((old) => !isReplaced(old));
    patch.push(replace('/node_taints', JSON.stringify([...kept, ...(taint ?? [])])));
  }
  return patch;
}

/** `key=value:Effect` or `key:Effect`, as kubectl writes them. */
function collectTaint(text: string, before: readonly Taint[] = []): readonly Taint[] {
  const [, key = '', value, effect = ''] = /^([^=:]+)(?:=([^:]*))?:([^:]+)$/.exec(text) ?? [];
  if (key === '') {
    throw new CommandFailure('usage', `"${text}" is no taint. Write it like --taint gpu=yes:NoSchedule`);
  }
  return [...before, { key, effect, ...(value !== undefined && { value }) }];
}

function renderGroups(groups: readonly JsonReader[]): string {
  const rows = groups.map((group): readonly Cell[] => [
    group.text('name'),
    group.text('role'),
    { text: group.text('status'), paint: paintStatus(group.text('status')) },
    String(group.count('node_count')),
    String(group.count('min_node_count')),
    String(group.countOrNull('max_node_count') ?? ''),
    group.textOrNull('flavor_id') ?? '',
    group.textOrNull('image_id') ?? '',
  ]);
  return renderTable(['NAME', 'ROLE', 'STATUS', 'NODES', 'MIN', 'MAX', 'FLAVOR', 'IMAGE'], rows);
}

function renderGroup(group: JsonReader): string {
  const pairs = (name: string): string =>
    Object.entries(group.textMap(name))
      .map(([key, value]) => `${key}=${value}`)
      .join('\n');
  const taints = group
    .list('node_taints', (value) => value as Taint)
    .map(({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`);
  const facts: readonly (readonly [string, string | null])[] = [
    ['Name', group.text('name')],
    ['UUID', group.text('uuid')],
    ['Role', group.text('role')],
    ['Status', group.text('status')],
    ['Reason', group.textOrNull('status_reason')],
    ['Nodes', String(group.count('node_count'))],
    ['At least', String(group.count('min_node_count'))],
    ['At most', String(group.countOrNull('max_node_count') ?? '')],
    ['Flavor', group.textOrNull('flavor_id')],
    ['Image', group.textOrNull('image_id')],
    ['Addresses', group.texts('node_addresses').join('\n')],
    ['Labels', pairs('labels')],
    ['Node labels', pairs('node_labels')],
    ['Node taints', taints.join('\n')],
  ];
  return renderFacts(
    facts.flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, printableText(value)] as const])),
  );
}

function say(context: CommandContext, text: string): void {
  printResult(context, printableText(text));
}
