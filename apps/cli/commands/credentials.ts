import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { downloadCredentials, showBay } from '../api/bays.js';
import type { BayBody } from '../api/wire.js';
import { printData, printNotice, printResult } from '../context.js';
import { unpackBundle } from '../credentials/bundle.js';
import { clientVariables } from '../credentials/client-variables.js';
import { ensureKeptCredentials } from '../credentials/kept-credentials.js';
import {
  guessShell,
  isShell,
  quoteWhenNeeded,
  renderUsage,
  renderVariables,
  SHELLS,
  type Shell,
} from '../credentials/shells.js';
import { writeBundle } from '../credentials/write-bundle.js';
import { CommandFailure } from '../failure.js';
import type { Beginning } from './begin.js';

interface CredentialsOptions {
  readonly dir?: string;
  readonly force?: boolean;
  readonly role?: string;
}

interface EnvOptions {
  readonly shell?: Shell;
  readonly unset?: boolean;
}

export function registerCredentials(program: Command, beginning: Beginning): void {
  program
    .command('credentials')
    .summary("download a bay's TLS credentials into a folder")
    .description(
      'Downloads a client certificate and key made for this call, with scripts that set them up. Files are readable by ' +
        'you alone. Files that bay did not write are never replaced without --force.',
    )
    .argument('<bay>', 'name or uuid')
    .option('-d, --dir <folder>', 'where to (default: a folder with the name of the bay)')
    .option('--force', 'replace what is there')
    .option('--role <role>', 'admin, edit or view: to have less than you may do (Kubernetes)')
    .action(async (ident: string, options: CredentialsOptions, command: Command) => {
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      checkAddress(bay);
      const directory = resolve(options.dir ?? bay.name);
      const files = unpackBundle(await downloadCredentials(session, bay.uuid, options.role));
      writeBundle(directory, bay, files, options.force === true);
      const names = files.map((file) => file.name);
      if (context.structured) {
        printData(context, { directory, files: names });
        return;
      }
      const shown = relative(process.cwd(), directory) || '.';
      const short = shown.startsWith('..') ? directory : shown;
      const script = names.find((name) => name.endsWith('.env'));
      const use = script === undefined ? '' : ` Use them with: source ${quoteWhenNeeded(`${short}/${script}`)}`;
      printResult(context, `Wrote ${names.length} files to ${short}.${use}`);
    });

  program
    .command('env')
    .summary('print the variables that point a client at a bay, for eval')
    .description('Use it as: eval "$(bay env NAME)". Credentials are kept on this machine and renewed when needed.')
    .argument('<bay>', 'name or uuid')
    .option('-s, --shell <shell>', `${SHELLS.join(', ')} (default: guessed)`, parseShell)
    .option('-u, --unset', 'print how to take the variables back')
    .action(async (ident: string, options: EnvOptions, command: Command) => {
      const { context, session } = await beginning.session(command);
      const bay = await showBay(session, ident);
      checkAddress(bay);
      const kept = await ensureKeptCredentials(context.environment, session, bay, context.now());
      const given = clientVariables(bay, kept.directory, kept.names);
      const variables =
        options.unset === true ? Object.fromEntries(Object.keys(given).map((name) => [name, null])) : given;
      if (kept.warning !== null) printNotice(context, kept.warning);
      if (context.structured) {
        printData(context, { environment: variables });
        return;
      }
      const shell = options.shell ?? guessShell(context.environment, process.platform);
      // Not through printResult: the values are quoted for a shell, and must arrive byte by byte.
      context.stdout.write(`${renderVariables(shell, variables)}\n`);
      if (context.stdout.isTTY === true && options.unset !== true) {
        printNotice(context, `Nothing is set yet. Run: ${renderUsage(shell, bay.name)}`);
      }
    });
}

function checkAddress(bay: BayBody): void {
  if (bay.api_address !== null) return;
  throw new CommandFailure(
    'refused',
    `Bay "${bay.name}" has no address yet (${bay.status}). Wait for it with: bay wait ${bay.name}`,
  );
}

function parseShell(text: string): Shell {
  const known = text === 'zsh' || text === 'sh' ? 'bash' : text;
  if (isShell(known)) return known;
  throw new CommandFailure('usage', `"${text}" is no shell that bay knows. Use one of: ${SHELLS.join(', ')}.`);
}
