import type { Command } from 'commander';
import { listQuotas, removeQuota, setQuota, showUsage } from '../api/quotas.js';
import { JsonReader } from '../api/json-reader.js';
import { printData, printResult } from '../context.js';
import { CommandFailure } from '../failure.js';
import { printableText } from '../output/printable-text.js';
import { renderTable } from '../output/table.js';
import type { Session } from '../session/session.js';
import { countParser, type Beginning } from './begin.js';

/** What quotas are for, as the service writes it. */
const RESOURCES = ['Cluster', 'Node', 'Master', 'ClusterTemplate'] as const;

interface ProjectOption {
  readonly project?: string;
}

/** How much a project may have, and has. Administrators of the installation set it. */
export function registerQuotas(program: Command, beginning: Beginning): void {
  const parent = program.command('quotas').alias('quota').summary('show how much your project may have, and has');
  parent
    .command('show', { isDefault: true })
    .summary('limits and usage of a project')
    .option('--project <id>', 'another project (administrators)')
    .action(async ({ project }: ProjectOption, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { whole, reader } = await showUsage(session, project ?? null);
      if (context.structured) printData(context, whole);
      else printResult(context, renderUsage(reader));
    });
  parent
    .command('ls')
    .alias('list')
    .summary('list the quotas that were set (administrators)')
    .option('-a, --all-projects', 'those of every project')
    .action(async ({ allProjects }: { allProjects?: boolean }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const quotas = await listQuotas(session, allProjects === true);
      if (context.structured) printData(context, { quotas: quotas.map(({ whole }) => whole) });
      else {
        const rows = quotas.map(({ reader }) => [
          ...[reader.text('project_id'), reader.text('resource'), String(reader.count('hard_limit'))],
        ]);
        printResult(context, renderTable(['PROJECT', 'RESOURCE', 'LIMIT'], rows));
      }
    });
  parent
    .command('set')
    .summary('set how much a project may have (administrators)')
    .argument('<resource>', 'Cluster, Node or Master', parseResource)
    .argument('<limit>', 'largest number; 0: none', countParser('The limit', 0))
    .option('--project <id>', 'the project; else your own')
    .action(async (resource: string, limit: number, { project }: ProjectOption, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { whole, reader } = await setQuota(session, {
        ...{ project_id: project ?? ownProject(session), resource, hard_limit: limit },
      });
      const sentence = `Project ${reader.text('project_id')} may have ${reader.count('hard_limit')} of ${resource}.`;
      if (context.structured) printData(context, whole);
      else printResult(context, printableText(sentence));
    });
  parent
    .command('rm')
    .alias('delete')
    .summary('go back to the default (administrators)')
    .argument('<resource>', 'Cluster, Node or Master', parseResource)
    .option('--project <id>', 'the project; else your own')
    .action(async (resource: string, { project }: ProjectOption, command: Command) => {
      const { context, session } = await beginning.session(command);
      const projectId = project ?? ownProject(session);
      await removeQuota(session, projectId, resource);
      if (context.structured) printData(context, { project_id: projectId, resource, gone: true });
      else printResult(context, printableText(`The default for ${resource} holds for project ${projectId} again.`));
    });
}

/** In any case, as a person types it. */
function parseResource(text: string): string {
  const found = RESOURCES.find((resource) => resource.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw new CommandFailure('usage', `There is no quota for "${text}". There are: ${RESOURCES.join(', ')}.`);
}

function ownProject(session: Session): string {
  if (session.projectId !== null) return session.projectId;
  throw new CommandFailure('usage', 'Your token is for no project. Name one with --project.');
}

function renderUsage(usage: JsonReader): string {
  const rows = usage.requiredList('resources', (value, place) => {
    const each = new JsonReader(value, place);
    return [
      ...[each.text('resource'), String(each.count('in_use')), String(each.count('hard_limit'))],
      each.flag('is_default') ? 'yes' : 'no',
    ];
  });
  return renderTable(['RESOURCE', 'IN USE', 'LIMIT', 'DEFAULT'], rows);
}
