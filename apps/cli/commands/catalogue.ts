import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type { Command } from 'commander';
import { addEntry, listEntries, removeEntry, type Collection } from '../api/catalogue.js';
import type { EntryBody } from '../api/entries.js';
import type { JsonReader } from '../api/json-reader.js';
import { printData, printResult } from '../context.js';
import { CommandFailure } from '../failure.js';
import { printableText } from '../output/printable-text.js';
import { renderTable } from '../output/table.js';
import { collectLabel, countParser, type Beginning } from './begin.js';

interface Kind {
  readonly collection: Collection;
  readonly word: string;
  readonly summary: string;
  readonly headings: readonly string[];
  readonly cells: (entry: JsonReader) => readonly string[];
}

const yes = (flag: boolean): string => (flag ? 'yes' : 'no');

const FLAVORS: Kind = {
  ...{ collection: 'flavors', word: 'flavor', summary: 'list the sizes that nodes can have' },
  headings: ['NAME', 'VCPUS', 'RAM MIB', 'DISK GIB', 'PUBLIC', 'BUILT IN'],
  cells: (entry) => [
    ...[entry.text('name'), String(entry.count('vcpus')), String(entry.count('ram')), String(entry.count('disk'))],
    ...[yes(entry.flag('public')), yes(entry.flag('builtin'))],
  ],
};
const IMAGES: Kind = {
  ...{ collection: 'images', word: 'image', summary: 'list the images that nodes can be made from' },
  headings: ['NAME', 'DISTRIBUTION', 'STATUS', 'PUBLIC', 'BUILT IN'],
  cells: (entry) => [
    ...[entry.text('name'), entry.textOrNull('os_distro') ?? '', entry.text('status')],
    ...[yes(entry.flag('public')), yes(entry.flag('builtin'))],
  ],
};
const NETWORKS: Kind = {
  ...{ collection: 'networks', word: 'network', summary: 'list the networks that nodes can be in' },
  headings: ['NAME', 'EXTERNAL', 'SUBNETS', 'PUBLIC', 'BUILT IN'],
  cells: (entry) => [
    ...[entry.text('name'), yes(entry.flag('external')), entry.list('subnets', subnetText).join(',')],
    ...[yes(entry.flag('public')), yes(entry.flag('builtin'))],
  ],
};
const KEYPAIRS: Kind = {
  ...{ collection: 'keypairs', word: 'keypair', summary: 'list your SSH keys for nodes' },
  headings: ['NAME', 'TYPE', 'FINGERPRINT'],
  cells: (entry) => [entry.text('name'), entry.text('type'), entry.text('sha256_fingerprint')],
};

function subnetText(value: unknown): string {
  const { name, cidr } = value as { readonly name?: unknown; readonly cidr?: unknown };
  return `${String(name)}=${String(cidr)}`;
}

export function registerCatalogue(program: Command, beginning: Beginning): void {
  registerKind(program, beginning, FLAVORS)
    .requiredOption('--vcpus <number>', 'processors', countParser('--vcpus', 1))
    .requiredOption('--ram <MiB>', 'memory', countParser('--ram', 1))
    .requiredOption('--disk <GiB>', 'root disk; 0: a volume', countParser('--disk', 0))
    .option('--private', 'for administrators only')
    .action(async (name: string, { private: isPrivate, ...said }: PlainOptions, command: Command) => {
      await add(beginning, command, FLAVORS, { name, ...said, public: isPrivate !== true });
    });
  registerKind(program, beginning, IMAGES)
    .option('--distribution <name>', 'os_distro, such as debian: templates need it')
    .option('--driver-image <name>', 'what the compute driver boots; else the name')
    .option('--architecture <name>', 'such as x86_64')
    .option('--property <key=value>', 'may be repeated', collectLabel)
    .option('--private', 'for administrators only')
    .action(async (name: string, said: ImageOptions, command: Command) => {
      await add(beginning, command, IMAGES, {
        ...{ name, public: said.private !== true, properties: said.property ?? {} },
        ...{ os_distro: said.distribution ?? null, architecture: said.architecture ?? null },
        driver_image: said.driverImage ?? null,
      });
    });
  registerKind(program, beginning, NETWORKS)
    .option('--external', 'it leads out of the installation')
    .option('--subnet <name=cidr>', 'may be repeated', collectLabel)
    .option('--mtu <bytes>', 'largest packet', countParser('--mtu', 68))
    .option('--private', 'for administrators only')
    .action(async (name: string, said: NetworkOptions, command: Command) => {
      const subnets = Object.entries(said.subnet ?? {}).map(([subnet, cidr]) => ({ name: subnet, cidr }));
      await add(beginning, command, NETWORKS, {
        ...{ name, public: said.private !== true, external: said.external === true },
        ...{ mtu: said.mtu ?? null, subnets },
      });
    });
  registerKind(program, beginning, KEYPAIRS)
    .option('--public-key <file>', 'an OpenSSH public key of yours')
    .option('--new-private-key <file>', 'make a key pair; its private key goes into this new file')
    .action(async (name: string, said: KeypairOptions, command: Command) => {
      await addKeypair(beginning, command, name, said);
    });
}

type PlainOptions = Readonly<Record<string, string | number | boolean | undefined>>;
interface ImageOptions {
  readonly distribution?: string;
  readonly driverImage?: string;
  readonly architecture?: string;
  readonly property?: Readonly<Record<string, string>>;
  readonly private?: boolean;
}
interface NetworkOptions {
  readonly external?: boolean;
  readonly subnet?: Readonly<Record<string, string>>;
  readonly mtu?: number;
  readonly private?: boolean;
}
interface KeypairOptions {
  readonly publicKey?: string;
  readonly newPrivateKey?: string;
}

/** `ls` and `rm` of a kind. @returns its `add`, which wants options and an action */
function registerKind(program: Command, beginning: Beginning, kind: Kind): Command {
  const { collection, word } = kind;
  const parent = program.command(collection).summary(kind.summary);
  parent
    .command('ls', { isDefault: true })
    .alias('list')
    .summary(`list the ${collection}`)
    .action(async (_options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const all = await listEntries(session, collection);
      if (context.structured) printData(context, { [collection]: all.map(({ whole }) => whole) });
      else printResult(context, renderEntries(kind, all));
    });
  parent
    .command('rm')
    .alias('delete')
    .summary(`delete one that nothing uses`)
    .argument(`<${word}>`, 'name or uuid')
    .action(async (wanted: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      await removeEntry(session, collection, wanted);
      if (context.structured) printData(context, { name: wanted, gone: true });
      else printResult(context, printableText(`The ${word} "${wanted}" is deleted.`));
    });
  return parent.command('add').alias('create').summary(`add a ${word}`).argument('<name>', 'its name');
}

async function add(beginning: Beginning, command: Command, kind: Kind, body: Readonly<Record<string, unknown>>) {
  const { context, session } = await beginning.session(command);
  const { whole, reader } = await addEntry(session, kind.collection, body);
  if (context.structured) printData(context, whole);
  else
    printResult(context, printableText(`The ${kind.word} "${reader.text('name')}" is added (${reader.text('uuid')}).`));
}

async function addKeypair(
  beginning: Beginning,
  command: Command,
  name: string,
  { publicKey, newPrivateKey }: KeypairOptions,
): Promise<void> {
  if ((publicKey === undefined) === (newPrivateKey === undefined)) {
    throw new CommandFailure('usage', 'Give either --public-key or --new-private-key, each with a file.');
  }
  if (newPrivateKey === undefined) {
    const key = orUsageFailure(() => readFileSync(publicKey ?? '', 'utf8'));
    await add(beginning, command, KEYPAIRS, { name, public_key: key.trim() });
    return;
  }
  const { context, session } = await beginning.session(command);
  // The file first, and only a new one: a private key that can't be kept would be lost, since it is shown once.
  const file = orUsageFailure(() => openSync(newPrivateKey, 'wx', 0o600));
  try {
    const { whole, reader } = await addEntry(session, 'keypairs', { name });
    const { private_key: _secret, ...shown } = whole;
    writeSync(file, reader.text('private_key'));
    if (context.structured) printData(context, shown);
    else printResult(context, printableText(`The keypair "${name}" is added; its private key is in ${newPrivateKey}.`));
  } catch (error) {
    rmSync(newPrivateKey, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function orUsageFailure<Value>(use: () => Value): Value {
  try {
    return use();
  } catch (error) {
    throw new CommandFailure('usage', {
      message: `${error instanceof Error ? error.message : String(error)}.`,
      cause: error,
    });
  }
}

function renderEntries({ headings, cells }: Kind, entries: readonly EntryBody[]): string {
  return renderTable(
    headings,
    entries.map(({ reader }) => cells(reader)),
  );
}
