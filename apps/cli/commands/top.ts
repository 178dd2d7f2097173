import type { Command } from 'commander';
import { showTopology, watchBays, type CardBody, type TopologyBody } from '../api/pictures.js';
import { showBay } from '../api/bays.js';
import { printData, printResult, type CommandContext } from '../context.js';
import { renderAge } from '../output/durations.js';
import { green, paintStatus, red, yellow } from '../output/paint.js';
import { printableText } from '../output/printable-text.js';
import { renderTable, type Cell } from '../output/table.js';
import type { Session } from '../session/session.js';
import { sleep } from '../waiting/abort.js';
import { countParser, type Beginning } from './begin.js';

interface TopOptions {
  readonly once?: boolean;
  readonly interval: number;
}

const HOME_AND_CLEAR = '\u001b[H\u001b[J';
const BAR = 12;

/** What there is at a glance: on a terminal drawn again and again, elsewhere once. */
export function registerTop(program: Command, beginning: Beginning): void {
  program
    .command('top')
    .summary('show how far all bays are, or one with its groups, and keep showing it')
    .argument('[bay]', 'name or uuid; else all of the project')
    .option('--once', 'show it once; so it is where the output is no terminal')
    .option('--interval <seconds>', 'between two looks', countParser('--interval', 1), 2)
    .action(async (ident: string | undefined, options: TopOptions, command: Command) => {
      const { context, session } = await beginning.session(command);
      const uuid = ident === undefined ? null : (await showBay(session, ident)).uuid;
      if (context.structured || options.once === true || context.stdout.isTTY !== true) {
        await showOnce(context, session, uuid);
        return;
      }
      const stop = new AbortController();
      const onInterrupt = (): void => {
        stop.abort();
      };
      process.once('SIGINT', onInterrupt);
      process.once('SIGTERM', onInterrupt);
      try {
        while (!stop.signal.aborted) {
          const text = await draw(context, session, uuid);
          const rows = context.stderr.rows ?? 24;
          context.stdout.write(
            `${HOME_AND_CLEAR}${text
              .split('\n')
              .slice(0, rows - 1)
              .join('\n')}\n`,
          );
          await sleep(options.interval * 1000, stop.signal);
        }
      } finally {
        process.off('SIGINT', onInterrupt);
        process.off('SIGTERM', onInterrupt);
      }
    });
}

async function showOnce(context: CommandContext, session: Session, uuid: string | null): Promise<void> {
  if (!context.structured) printResult(context, await draw(context, session, uuid));
  else if (uuid === null) printData(context, { bays: await watchBays(session) });
  else printData(context, await showTopology(session, uuid));
}

async function draw(context: CommandContext, session: Session, uuid: string | null): Promise<string> {
  const now = context.now();
  if (uuid === null) return renderBays(await watchBays(session), now);
  return renderBay(await showTopology(session, uuid));
}

function renderBays(bays: readonly CardBody[], now: Date): string {
  const rows = bays.map((bay): readonly Cell[] => [
    bay.name,
    { text: bay.status, paint: paintStatus(bay.status) },
    bay.health_status ?? '',
    renderReady(bay.nodes.ready, bay.master_count + bay.node_count),
    bay.nodes.failed === 0 ? '' : { text: String(bay.nodes.failed), paint: red },
    bay.nodes.leaving === 0 ? '' : String(bay.nodes.leaving),
    renderAge(bay.created_at, now),
  ]);
  return renderTable(['NAME', 'STATUS', 'HEALTH', 'READY', 'FAILED', 'LEAVING', 'AGE'], rows);
}

function renderBay({ name, status, groups, load_balancers: balancers }: TopologyBody): string {
  const rows = groups.map((group): readonly Cell[] => [
    ...[group.name, group.role],
    renderReady(group.counts.ready, group.wanted),
    group.counts.failed === 0 ? '' : { text: String(group.counts.failed), paint: red },
    group.counts.leaving === 0 ? '' : String(group.counts.leaving),
  ]);
  const listeners = balancers.flatMap(({ address, listeners: each }) =>
    each.map((listener): readonly Cell[] => [
      ...[listener.name, `${address ?? 'no address yet'}:${listener.port}`],
      { text: `${listener.up} of ${listener.total} up`, paint: listener.up === listener.total ? green : yellow },
    ]),
  );
  const busy = groups
    .flatMap(({ nodes }) => nodes)
    .filter(({ phase }) => phase !== 'ready')
    .map((node): readonly Cell[] => [node.name, { text: node.phase, paint: node.phase === 'failed' ? red : yellow }]);
  return [
    `${printableText(name)}  ${paintStatus(status)(status)}`,
    renderTable(['GROUP', 'ROLE', 'READY', 'FAILED', 'LEAVING'], rows),
    ...(listeners.length === 0 ? [] : [renderTable(['LISTENER', 'ADDRESS', 'MEMBERS'], listeners)]),
    ...(busy.length === 0 ? [] : [renderTable(['NODE', 'DOES'], busy)]),
  ].join('\n\n');
}

/** A bar as long as what is ready, and the numbers: a bar alone would say nothing to a screen reader. */
function renderReady(ready: number, wanted: number): Cell {
  const full = wanted === 0 ? BAR : Math.min(BAR, Math.floor((ready / wanted) * BAR));
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
  return { text: `${bar} ${ready}/${wanted}`, paint: ready === wanted ? green : yellow };
}
