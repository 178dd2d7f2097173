import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { listPages, showBay } from '../api/bays.js';
import { readEntry } from '../api/entries.js';
import { printData, printResult } from '../context.js';
import { CommandFailure } from '../failure.js';
import { renderTime } from '../output/durations.js';
import { red, yellow } from '../output/paint.js';
import { renderTable, type Cell } from '../output/table.js';
import type { Beginning } from './begin.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** What has less than this part of its life before it ends soon: some live for days, others for years. */
const SOON = 1 / 3;

/** What was signed for a bay, its authority, and signing. */
export function registerCertificates(program: Command, beginning: Beginning): void {
  const parent = program
    .command('certificates')
    .alias('certificate')
    .summary("list a bay's certificates: what ends first stands first");
  parent
    .command('ls', { isDefault: true })
    .alias('list')
    .summary('list those that are in force, with their end')
    .argument('<bay>', 'name or uuid')
    .option('--nodes', 'those of nodes too; they are renewed by themselves')
    .action(async (ident: string, { nodes }: { nodes?: boolean }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      const path = `/bays/${bay.uuid}/certificates`;
      const query = nodes === true ? '' : '?kind=client';
      const [all, authority] = await Promise.all([
        listPages(session, path, 'certificates', readEntry, query),
        session.callJson(`${path}?limit=1`, (body) => readEntry(body.whole['authority'], 'authority')),
      ]);
      if (context.structured) {
        printData(context, { authority: authority.whole, certificates: all.map(({ whole }) => whole) });
        return;
      }
      const rows = [authority, ...all].map(({ reader }): readonly Cell[] => {
        const end = reader.text('not_after');
        const days = Math.floor((Date.parse(end) - context.now().getTime()) / DAY_MS);
        const left = days < 0 ? 'ended' : `${days} day${days === 1 ? '' : 's'}`;
        const life = Date.parse(end) - Date.parse(reader.textOrNull('issued_at') ?? '');
        const isSoon = Date.parse(end) - context.now().getTime() < life * SOON;
        const paint = days < 0 ? red : isSoon ? yellow : (text: string): string => text;
        const place = [reader.textOrNull('kind') ?? 'authority', reader.text('subject'), reader.text('serial')];
        return [...place, renderTime(end), { text: left, paint }];
      });
      printResult(context, renderTable(['KIND', 'SUBJECT', 'SERIAL', 'ENDS', 'LEFT'], rows));
    });
  parent
    .command('ca')
    .summary("print the certificate of a bay's authority, as PEM")
    .argument('<bay>', 'name or uuid')
    .action(async (ident: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      const { whole, reader } = await session.callJson(`/certificates/${bay.uuid}`, (body) =>
        readEntry(body.whole, 'certificate'),
      );
      if (context.structured) printData(context, whole);
      else printResult(context, reader.text('pem').trimEnd());
    });
  parent
    .command('sign')
    .summary('have a certificate request signed for a client, and print the certificate')
    .argument('<bay>', 'name or uuid')
    .requiredOption('--csr <file>', 'PEM file of the request')
    .action(async (ident: string, { csr }: { csr: string }, command: Command) => {
      const request = readRequest(csr);
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      const { whole, reader } = await session.callJson(
        '/certificates',
        (body) => readEntry(body.whole, 'certificate'),
        { method: 'POST', body: { cluster_uuid: bay.uuid, csr: request } },
      );
      if (context.structured) printData(context, whole);
      else printResult(context, reader.text('pem').trimEnd());
    });
}

function readRequest(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure('usage', { message: `${file} cannot be read. Name a file with --csr.`, cause: error });
  }
}
