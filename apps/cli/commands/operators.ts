import type { Command } from 'commander';
import { listAudit, listServices, showStatistics } from '../api/operators.js';
import type { JsonReader } from '../api/json-reader.js';
import { printData, printResult } from '../context.js';
import { CommandFailure } from '../failure.js';
import { parseDuration, renderAge, renderTime } from '../output/durations.js';
import { green, red } from '../output/paint.js';
import { renderFacts, renderTable, type Cell } from '../output/table.js';
import { countParser, type Beginning } from './begin.js';

const AUDIT_ENTRIES = 50;

interface AuditOptions {
  readonly last: number;
  readonly all?: boolean;
  readonly allProjects?: boolean;
  readonly project?: string;
  readonly user?: string;
  readonly action?: string;
  readonly target?: string;
  readonly outcome?: string;
  readonly since?: string;
  readonly until?: string;
}

/** What administrators look at: who did what, how much there is, whether the service's processes are alive. */
export function registerOperators(program: Command, beginning: Beginning): void {
  registerAudit(program, beginning);
  program
    .command('stats')
    .summary('how many bays and nodes there are')
    .option('--project <id>', 'those of another project (administrators)')
    .action(async ({ project }: { project?: string }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { whole, reader } = await showStatistics(session, project ?? null);
      if (context.structured) printData(context, whole);
      else {
        const facts = [
          ['Bays', String(reader.count('clusters'))],
          ['Nodes', String(reader.count('nodes'))],
        ] as const;
        printResult(context, renderFacts(facts));
      }
    });
  program
    .command('services')
    .summary("list the service's workers (administrators)")
    .action(async (_options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const services = await listServices(session);
      if (context.structured) printData(context, { mservices: services.map(({ whole }) => whole) });
      else
        printResult(
          context,
          renderServices(
            services.map(({ reader }) => reader),
            context.now(),
          ),
        );
    });
}

function registerAudit(program: Command, beginning: Beginning): void {
  program
    .command('audit')
    .summary('tell who did what, the latest first (administrators of the project)')
    .option('--last <count>', 'only the last ones', countParser('--last', 1), AUDIT_ENTRIES)
    .option('--all', 'every one')
    .option('--user <user>', 'only what this user did: id or name')
    .option('--action <rule>', 'only this, such as cluster:create')
    .option('--target <target>', 'only what was done to this: id or name')
    .option('--outcome <outcome>', 'success or refused')
    .option('--since <time>', 'from then on: 2026-01-02T03:04:05Z, or 90s, 10m, 2h ago')
    .option('--until <time>', 'until then')
    .option('--project <id>', 'of another project (administrators of the installation)')
    .option('-a, --all-projects', 'of every project (administrators of the installation)')
    .action(async (options: AuditOptions, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { user, action, target, outcome, project } = options;
      const filters = {
        ...{ user, action, target, outcome, project_id: project },
        all_tenants: options.allProjects === true ? 'true' : undefined,
        since: options.since === undefined ? undefined : timeOf(options.since, context.now()),
        until: options.until === undefined ? undefined : timeOf(options.until, context.now()),
      };
      const entries = await listAudit(session, filters, options.all === true ? null : options.last);
      if (context.structured) printData(context, { audit: entries.map(({ whole }) => whole) });
      else printResult(context, renderAudit(entries.map(({ reader }) => reader)));
    });
}

/** A time, or how long ago it was. */
function timeOf(text: string, now: Date): string {
  if (/^\d{4}-/.test(text)) {
    const time = Date.parse(text);
    if (!Number.isNaN(time)) return new Date(time).toISOString();
    throw new CommandFailure('usage', `"${text}" is no time. Write it like 2026-01-02T03:04:05Z.`);
  }
  return new Date(now.getTime() - parseDuration(text)).toISOString();
}

function renderAudit(entries: readonly JsonReader[]): string {
  const rows = entries.map((entry): readonly Cell[] => {
    const target = entry.reader('target');
    const outcome = entry.text('outcome');
    return [
      renderTime(entry.text('at')),
      entry.textOrNull('user_name') ?? entry.textOrNull('user_id') ?? '',
      entry.text('action'),
      `${target.textOrNull('kind') ?? ''} ${target.textOrNull('name') ?? target.textOrNull('id') ?? ''}`.trim(),
      outcome === 'success' ? outcome : { text: outcome, paint: red },
      entry.textOrNull('address') ?? '',
      entry.textOrNull('detail') ?? '',
    ];
  });
  return renderTable(['TIME', 'USER', 'ACTION', 'TARGET', 'OUTCOME', 'FROM', 'DETAIL'], rows);
}

function renderServices(services: readonly JsonReader[], now: Date): string {
  const rows = services.map((service): readonly Cell[] => {
    const state = service.text('state');
    return [
      ...[String(service.count('id')), service.text('host'), service.text('binary')],
      { text: state, paint: state === 'up' ? green : red },
      String(service.count('report_count')),
      renderAge(service.textOrNull('updated_at'), now),
    ];
  });
  return renderTable(['ID', 'HOST', 'BINARY', 'STATE', 'REPORTS', 'LAST SEEN'], rows);
}
