import type { Command } from 'commander';
import { createBay, deleteBay, resizeBay, retryBay, showBay, type NewBay } from '../api/bays.js';
import { resizedGroup } from '../api/node-groups.js';
import { previewBay, previewChange } from '../api/previews.js';
import { listTemplates, pickTemplate } from '../api/templates.js';
import { printData, printNotice, printResult } from '../context.js';
import { removeKeptCredentials } from '../credentials/kept-credentials.js';
import { CommandFailure } from '../failure.js';
import type { Goal } from '../waiting/verdict.js';
import { waitForBay } from '../waiting/wait-for-bay.js';
import {
  addWaitOptions,
  collectLabel,
  collectText,
  countParser,
  wantsToWait,
  type Beginning,
  type WaitOptions,
} from './begin.js';
import { conclude } from './conclude.js';
import { DRY_RUN, printPreview } from './dry-run.js';

interface CreateOptions extends WaitOptions {
  readonly template: string;
  readonly nodes: number;
  readonly masters: number;
  readonly label?: Readonly<Record<string, string>>;
  readonly replaceLabels?: boolean;
  readonly timeout?: number;
  readonly keypair?: string;
  readonly flavor?: string;
  readonly masterFlavor?: string;
  readonly dockerVolumeSize?: number;
  readonly dryRun?: boolean;
}

/** Commands that change bays. */
export function registerLifecycle(program: Command, beginning: Beginning): void {
  registerCreate(program, beginning);
  registerScaleAndRetry(program, beginning);
  registerWait(program, beginning);
  registerRemove(program, beginning);
}

function registerCreate(program: Command, beginning: Beginning): void {
  const create = program
    .command('create')
    .summary('create a bay from a template')
    .argument('<name>', 'a letter, then letters, digits, dots, dashes, underscores')
    .requiredOption('-t, --template <template>', 'name (any case, * and ? allowed) or uuid; see: bay templates')
    .option('-n, --nodes <count>', 'number of workers', countParser('--nodes', 0), 1)
    .option('-m, --masters <count>', 'number of masters, an odd one', countParser('--masters', 1), 1)
    .option('-l, --label <key=value>', "set a label, beside the template's; may be repeated", collectLabel)
    .option('--replace-labels', "use the given labels alone, not the template's too")
    .option('--timeout <minutes>', 'how long it may take before it counts as failed', countParser('--timeout', 1))
    .option('--keypair <name>', 'SSH key for the nodes')
    .option('--flavor <flavor>', 'size of the workers')
    .option('--master-flavor <flavor>', 'size of the masters')
    .option('--docker-volume-size <GiB>', "disk for each node's containers", countParser('--docker-volume-size', 1))
    .option(...DRY_RUN);
  addWaitOptions(create).action(async (name: string, options: CreateOptions, command: Command) => {
    const { context, session } = await beginning.session(command);
    const template = pickTemplate(await listTemplates(session), options.template);
    const wish = newBay(name, template.uuid, options);
    if (options.dryRun === true) {
      printPreview(context, await previewBay(session, wish));
      return;
    }
    const uuid = await createBay(session, wish);
    const accepted = `Bay "${name}" is being created. Watch it with: bay wait ${name}`;
    await conclude(context, session, { uuid, name, before: null, goal: { kind: 'settled' }, accepted }, options);
  });
}

function newBay(name: string, templateUuid: string, options: CreateOptions): NewBay {
  return {
    name,
    cluster_template_id: templateUuid,
    node_count: options.nodes,
    master_count: options.masters,
    ...(options.timeout === undefined ? {} : { create_timeout: options.timeout }),
    ...(options.keypair === undefined ? {} : { keypair: options.keypair }),
    ...(options.flavor === undefined ? {} : { flavor_id: options.flavor }),
    ...(options.masterFlavor === undefined ? {} : { master_flavor_id: options.masterFlavor }),
    ...(options.dockerVolumeSize === undefined ? {} : { docker_volume_size: options.dockerVolumeSize }),
    ...(options.label === undefined ? {} : { labels: options.label, merge_labels: options.replaceLabels !== true }),
  };
}

interface DryRunOptions extends WaitOptions {
  readonly dryRun?: boolean;
}

interface ScaleOptions extends DryRunOptions {
  readonly group?: string;
  readonly remove?: readonly string[];
}

function registerScaleAndRetry(program: Command, beginning: Beginning): void {
  const scale = program
    .command('scale')
    .alias('resize')
    .summary('set how many workers a bay has')
    .argument('<bay>', 'name or uuid')
    .argument('<count>', 'number of workers', countParser('The number of workers', 0))
    .option('-g, --group <group>', 'those of this node group; else of the default one')
    .option('--remove <node>', 'this node leaves first: name or uuid; may be repeated', collectText)
    .option(...DRY_RUN);
  addWaitOptions(scale).action(async (ident: string, count: number, options: ScaleOptions, command: Command) => {
    const { context, session } = await beginning.session(command);
    const before = await showBay(session, ident);
    const group = await resizedGroup(session, before.uuid, options.group);
    const { remove } = options;
    const wish = { node_count: count, nodegroup: group.uuid, ...(remove !== undefined && { nodes_to_remove: remove }) };
    if (options.dryRun === true) {
      printPreview(context, await previewChange(session, before.uuid, { action: 'resize', ...wish }));
      return;
    }
    await resizeBay(session, before.uuid, wish);
    const leaving = remove === undefined ? '' : `, without ${remove.join(', ')}`;
    const what = options.group === undefined ? `Bay "${before.name}"` : `Group "${group.name}" of bay "${before.name}"`;
    const accepted = `${what} goes from ${group.node_count} to ${count} nodes${leaving}. Watch it with: bay wait ${before.name}`;
    // A node that leaves while another comes changes no number: then only the bay's status tells.
    const goal: Goal =
      remove === undefined
        ? { kind: 'node-count', count: before.node_count - group.node_count + count }
        : { kind: 'settled' };
    await conclude(context, session, { ...before, before, goal, accepted }, options);
  });

  const retry = program
    .command('retry')
    .summary('try a failed bay again, with a fresh deadline')
    .argument('<bay>', 'name or uuid')
    .option(...DRY_RUN);
  addWaitOptions(retry).action(async (ident: string, options: DryRunOptions, command: Command) => {
    const { context, session } = await beginning.session(command);
    const before = await showBay(session, ident);
    if (options.dryRun === true) {
      printPreview(context, await previewChange(session, before.uuid, { action: 'retry' }));
      return;
    }
    await retryBay(session, before.uuid);
    const accepted = `Bay "${before.name}" is being tried again. Watch it with: bay wait ${before.name}`;
    await conclude(context, session, { ...before, before, goal: { kind: 'settled' }, accepted }, options);
  });
}

interface WaitCommandOptions {
  readonly waitTimeout?: number;
  readonly deleted?: boolean;
}

function registerWait(program: Command, beginning: Beginning): void {
  const wait = program
    .command('wait')
    .summary('wait until what a bay is doing is done, and show how it goes')
    .argument('<bay>', 'name or uuid')
    .option('--deleted', 'wait until the bay is gone');
  addWaitOptions(wait).action(async (ident: string, options: WaitCommandOptions, command: Command) => {
    const { context, session } = await beginning.session(command);
    const deleted = options.deleted === true;
    const bay = await showBay(session, ident).catch((error: unknown) => {
      if (deleted && error instanceof CommandFailure && error.code === 'not-found') return null;
      throw error;
    });
    const gone = `Bay "${bay?.name ?? ident}" is gone.`;
    if (bay === null) {
      if (context.structured) printData(context, { uuid: null, name: ident, gone: true });
      else printResult(context, gone);
      return;
    }
    const goal: Goal = deleted ? { kind: 'deleted' } : { kind: 'settled' };
    const wish = { uuid: bay.uuid, name: bay.name, before: null, goal, accepted: gone };
    await conclude(context, session, wish, { ...options, wait: true });
  });
}

interface RemoveOptions extends DryRunOptions {
  readonly yes?: boolean;
}

function registerRemove(program: Command, beginning: Beginning): void {
  const remove = program
    .command('rm')
    .alias('delete')
    .summary('delete a bay, its nodes and its credentials on this machine')
    .argument('<bay>', 'name or uuid')
    .option('-y, --yes', 'do not ask')
    .option(...DRY_RUN);
  addWaitOptions(remove).action(async (ident: string, options: RemoveOptions, command: Command) => {
    const { context, session } = await beginning.session(command);
    const before = await showBay(session, ident);
    if (options.dryRun === true) {
      printPreview(context, await previewChange(session, before.uuid, { action: 'delete' }));
      return;
    }
    if (options.yes !== true) {
      const nodes = before.master_count + before.node_count;
      const question = `Delete bay "${before.name}" with its ${nodes} node${nodes === 1 ? '' : 's'} and everything on them?`;
      await beginning.confirm(context, question, `Deleting bay "${before.name}"`);
      printNotice(context, `Deleting bay "${before.name}".`);
    }
    await deleteBay(session, before.uuid);
    removeKeptCredentials(context.environment, before.uuid);
    const { uuid, name } = before;
    if (wantsToWait(options)) {
      const timeoutMs = options.waitTimeout ?? null;
      await waitForBay(context, session, { uuid, name, before, goal: { kind: 'deleted' }, timeoutMs });
    }
    if (context.structured) printData(context, { uuid, name, gone: wantsToWait(options) });
    else if (wantsToWait(options)) printResult(context, `Bay "${name}" is gone.`);
    else printResult(context, `Bay "${name}" is being deleted. Watch it with: bay wait ${name} --deleted`);
  });
}
