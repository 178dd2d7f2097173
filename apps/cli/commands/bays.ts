import type { Command } from 'commander';
import { listBays, listLoadBalancers, listNodes, showBay } from '../api/bays.js';
import type { BayBody, NodeBody, TemplateBody } from '../api/wire.js';
import { printData, printResult } from '../context.js';
import { renderAge, renderTime } from '../output/durations.js';
import { green, paintPhase, paintStatus, red } from '../output/paint.js';
import { printableText } from '../output/printable-text.js';
import { renderFacts, renderTable, type Cell } from '../output/table.js';
import { bayJson, nodesIfTold, templatesByUuid } from './bay-lookup.js';
import type { Beginning } from './begin.js';

/** Commands that look at bays and change nothing. */
export function registerBayViews(program: Command, beginning: Beginning): void {
  program
    .command('ls')
    .alias('list')
    .summary('list the bays of your project')
    .action(async (_options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const [bays, templates] = await Promise.all([listBays(session), templatesByUuid(session)]);
      if (context.structured) printData(context, { bays: bays.map((bay) => bayJson(bay, templates)) });
      else printResult(context, renderBays(bays, templates, context.now()));
    });

  program
    .command('show')
    .summary('show one bay')
    .argument('<bay>', 'name or uuid')
    .action(async (ident: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const [bay, templates] = await Promise.all([showBay(session, ident), templatesByUuid(session)]);
      if (context.structured) printData(context, bayJson(bay, templates));
      else printResult(context, renderBay(bay, await nodesIfTold(session, bay.uuid), templates, context.now()));
    });

  program
    .command('nodes')
    .summary('list the nodes of a bay')
    .argument('<bay>', 'name or uuid')
    .option('--logs', "show the end of each failed node's log")
    .action(async (ident: string, options: { logs?: boolean }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      const nodes = await listNodes(session, bay.uuid);
      if (context.structured) printData(context, { nodes });
      else printResult(context, renderNodes(nodes, options.logs === true, context.now()));
    });

  program
    .command('load-balancers')
    .alias('lb')
    .summary("show a bay's load balancers: listeners, members, health")
    .argument('<bay>', 'name or uuid')
    .action(async (ident: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      const balancers = await listLoadBalancers(session, bay.uuid);
      if (context.structured) {
        printData(context, { load_balancers: balancers });
        return;
      }
      const rows = balancers.flatMap((balancer) =>
        balancer.listeners.flatMap((listener) => {
          const place = `${balancer.address ?? 'no address yet'}:${listener.port}`;
          if (listener.members.length === 0) return [[listener.name, place, '', '', '']];
          return listener.members.map((member): readonly Cell[] => [
            listener.name,
            place,
            member.name,
            `${member.address}:${member.port}`,
            { text: member.health, paint: paintHealth(member.health) },
          ]);
        }),
      );
      printResult(context, renderTable(['LISTENER', 'ADDRESS', 'MEMBER', 'MEMBER ADDRESS', 'HEALTH'], rows));
    });
}

function renderBays(bays: readonly BayBody[], templates: ReadonlyMap<string, TemplateBody>, now: Date): string {
  const headings = ['NAME', 'STATUS', 'NODES', 'TEMPLATE', 'ADDRESS', 'AGE'];
  // Magnum lets two bays share a name; then only the uuid tells them apart.
  const ambiguous = new Set(bays.map((bay) => bay.name)).size < bays.length;
  const rows = bays.map((bay): readonly Cell[] => [
    bay.name,
    { text: bay.status, paint: paintStatus(bay.status) },
    String(bay.node_count),
    templates.get(bay.cluster_template_id)?.name ?? bay.cluster_template_id,
    bay.api_address ?? '',
    renderAge(bay.created_at, now),
    ...(ambiguous ? [bay.uuid] : []),
  ]);
  return renderTable(ambiguous ? [...headings, 'UUID'] : headings, rows);
}

function renderBay(
  bay: BayBody,
  nodes: readonly NodeBody[],
  templates: ReadonlyMap<string, TemplateBody>,
  now: Date,
): string {
  const template = templates.get(bay.cluster_template_id);
  const count = (role: string, wanted: number): string => {
    const ready = nodes.filter((node) => node.role === role && node.phase === 'ready').length;
    return nodes.length === 0 ? String(wanted) : `${wanted} (${ready} ready)`;
  };
  const pairs = (values: Readonly<Record<string, string>>): string =>
    Object.entries(values)
      .map(([key, value]) => `${key}=${value}`)
      .join('\n');
  const time = (at: string | null): string => (at === null ? '' : `${renderTime(at)} (${renderAge(at, now)} ago)`);
  const facts: readonly (readonly [string, string | null])[] = [
    ['Name', bay.name],
    ['UUID', bay.uuid],
    ['Status', bay.status],
    ['Reason', bay.status_reason],
    ['Health', bay.health_status],
    ['Template', template === undefined ? bay.cluster_template_id : `${template.name} (${template.coe})`],
    ['Address', bay.api_address],
    ['Masters', count('master', bay.master_count)],
    ['Nodes', count('worker', bay.node_count)],
    ['Engine version', bay.coe_version],
    ['Container version', bay.container_version],
    ['Labels', pairs(bay.labels)],
    ['Created', time(bay.created_at)],
    ['Updated', time(bay.updated_at)],
  ];
  return renderFacts(
    facts.flatMap(([name, value]): (readonly [string, Cell])[] => {
      if (value === null || value === '') return [];
      const text = printableText(value.trimEnd());
      return [[name, name === 'Status' ? { text, paint: paintStatus(value) } : text]];
    }),
  );
}

function renderNodes(nodes: readonly NodeBody[], withLogs: boolean, now: Date): string {
  const rows = nodes.map((node): readonly Cell[] => [
    node.name,
    node.role,
    { text: node.phase, paint: paintPhase(node.phase) },
    node.address ?? '',
    node.engine_state ?? '',
    node.registered ? 'yes' : 'no',
    renderAge(node.created_at, now),
  ]);
  const table = renderTable(['NAME', 'ROLE', 'PHASE', 'ADDRESS', 'ENGINE', 'BALANCED', 'AGE'], rows);
  const failures = nodes.flatMap((node) => {
    if (node.failure === null) return [];
    const { phase, message, log_tail: log } = node.failure;
    const line = `${node.name} failed${phase === null ? '' : ` at "${phase}"`}: ${message.trimEnd()}`;
    const tail = withLogs && log !== '' ? `\n${log.trimEnd()}` : '';
    return [printableText(`${line}${tail}`).replaceAll('\n', '\n  ')];
  });
  return [table, ...failures].join('\n');
}

/** HAProxy says UP and DOWN, Octavia ONLINE and ERROR; anything else is left as it is. */
function paintHealth(health: string): (text: string) => string {
  if (/^(up|online|healthy|ok)$/i.test(health)) return green;
  return /^(down|error|offline|unhealthy|maint)$/i.test(health) ? red : (text) => text;
}
