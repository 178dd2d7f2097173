import type { Command } from 'commander';
import { listEvents, showBay } from '../api/bays.js';
import { followEvents } from '../api/event-stream.js';
import type { EventBody } from '../api/wire.js';
import { printData, printNotice, printResult, printStreamed, type CommandContext } from '../context.js';
import { dim, red, yellow } from '../output/paint.js';
import { renderTime } from '../output/durations.js';
import { printableText } from '../output/printable-text.js';
import type { Session } from '../session/session.js';
import { countParser, type Beginning } from './begin.js';

interface EventsOptions {
  readonly follow?: boolean;
  readonly after: number;
  readonly last?: number;
}

export function registerEvents(program: Command, beginning: Beginning): void {
  program
    .command('events')
    .summary('tell what happened to a bay, oldest first')
    .argument('<bay>', 'name or uuid')
    .option('-f, --follow', 'go on as things happen, until the bay is gone or Ctrl-C')
    .option('--after <number>', 'only what came after this event number', countParser('--after', 0), 0)
    .option('--last <count>', 'only the last ones', countParser('--last', 1))
    .action(async (ident: string, options: EventsOptions, command: Command) => {
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      if (options.follow === true) {
        await follow(context, session, bay.uuid, options);
        return;
      }
      const events = lastOf(await listEvents(session, bay.uuid, options.after), options.last);
      if (context.structured) printData(context, { events });
      else for (const event of events) printResult(context, renderEvent(event));
    });
}

async function follow(context: CommandContext, session: Session, uuid: string, options: EventsOptions): Promise<void> {
  const stop = new AbortController();
  const onInterrupt = (): void => {
    stop.abort();
  };
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  let after = options.after;
  if (options.last !== undefined) {
    const events = await listEvents(session, uuid, after);
    const shown = lastOf(events, options.last);
    for (const event of shown) print(context, event);
    after = events.at(-1)?.sequence ?? after;
  }
  const onInterruption = (reason: string): void => {
    printNotice(context, `Lost the events (${reason.replace(/\.$/, '')}); taking them up again where they stopped.`);
  };
  try {
    for await (const event of followEvents(session, uuid, { after, signal: stop.signal, onInterruption })) {
      print(context, event);
    }
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}

/** Each for itself when following, so that a program can read it as it comes. */
function print(context: CommandContext, event: EventBody): void {
  if (context.structured) printStreamed(context, event);
  else printResult(context, renderEvent(event));
}

function lastOf(events: readonly EventBody[], count: number | undefined): readonly EventBody[] {
  return count === undefined ? events : events.slice(-count);
}

/** `2026-01-02T03:04:05Z  web-worker-1  Joined the swarm.` Lines after the first are indented. */
function renderEvent(event: EventBody): string {
  const paint = event.level === 'error' ? red : event.level === 'warning' ? yellow : (text: string) => text;
  const [first = '', ...more] = printableText(event.message.trimEnd()).split('\n');
  const level = event.level === 'info' ? '' : `${event.level.toUpperCase()}: `;
  // Most messages name their node themselves.
  const node = event.node === null || event.message.includes(event.node) ? '' : `${printableText(event.node)}: `;
  return [
    `${dim(renderTime(event.at))}  ${paint(`${level}${node}${first}`)}`,
    ...more.map((line) => `    ${line}`),
  ].join('\n');
}
