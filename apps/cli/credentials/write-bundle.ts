import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailure } from '../failure.js';
import { JsonReader } from '../api/json-reader.js';
import { isMissing, PRIVATE_DIRECTORY, savePrivateFile } from '../session/private-file.js';
import type { BundleFile } from './bundle.js';

/** Says which bay a folder's files are for, and what we wrote: so that ours can be replaced, and nothing else is. */
const RECEIPT = '.baykeeper.json';

interface Receipt {
  readonly bayUuid: string;
  readonly bayName: string;
  /** SHA-256 of each file as it was written, in hex. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Writes a bay's credentials into `directory`, each file 0600 and whole or not at all. Without `force` a file that is
 * there is replaced only if it is one that we wrote for the same bay and nobody changed since.
 */
export function writeBundle(
  directory: string,
  bay: { readonly uuid: string; readonly name: string },
  files: readonly BundleFile[],
  force: boolean,
): void {
  try {
    if (!force) checkReplaceable(directory, bay, files);
    if (mkdirSync(directory, { recursive: true, mode: PRIVATE_DIRECTORY }) !== undefined) {
      chmodSync(directory, PRIVATE_DIRECTORY);
    }
    // The receipt comes first: if we are stopped halfway, what is there is still known as ours.
    const receipt = { bay_uuid: bay.uuid, bay_name: bay.name, files: digestsOf(files) };
    savePrivateFile(join(directory, RECEIPT), `${JSON.stringify(receipt, null, 2)}\n`);
    for (const file of files) savePrivateFile(join(directory, file.name), file.content);
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure('usage', {
      message: `Cannot write into ${directory}: ${why}. Choose another with --dir.`,
      cause: error,
    });
  }
}

function checkReplaceable(directory: string, bay: { uuid: string; name: string }, files: readonly BundleFile[]): void {
  const present = files.filter((file) => exists(join(directory, file.name)));
  if (present.length === 0) return;
  const receipt = readReceipt(directory);
  const cure = 'Choose another with --dir, or replace them with --force.';
  if (receipt !== null && receipt.bayUuid !== bay.uuid) {
    throw new CommandFailure(
      'usage',
      `${directory} holds the credentials of another bay, "${receipt.bayName}" (${receipt.bayUuid}). ${cure}`,
    );
  }
  const ours = digestsOf(files);
  const foreign = present.filter((file) => {
    const digest = digestOf(readFileSync(join(directory, file.name)));
    return digest !== receipt?.files[file.name] && digest !== ours[file.name];
  });
  if (foreign.length === 0) return;
  const names = foreign.map((file) => file.name).join(', ');
  throw new CommandFailure(
    'usage',
    `${directory} has files that bay did not write, or that were changed: ${names}. ${cure}`,
  );
}

function exists(path: string): boolean {
  try {
    // Of the entry itself: a link that leads nowhere is in the way too.
    lstatSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function readReceipt(directory: string): Receipt | null {
  try {
    const body = new JsonReader(JSON.parse(readFileSync(join(directory, RECEIPT), 'utf8')), 'receipt');
    return { bayUuid: body.text('bay_uuid'), bayName: body.text('bay_name'), files: body.textMap('files') };
  } catch {
    // Missing or not ours to understand: then nothing there counts as ours.
    return null;
  }
}

/** The names of a bay's files in a folder, when all that we wrote are there and unchanged; else null. */
export function intactBundle(directory: string, bayUuid: string): readonly string[] | null {
  const receipt = readReceipt(directory);
  if (receipt?.bayUuid !== bayUuid) return null;
  const entries = Object.entries(receipt.files);
  try {
    const intact = entries.every(([name, digest]) => digestOf(readFileSync(join(directory, name))) === digest);
    return intact && entries.length > 0 ? entries.map(([name]) => name) : null;
  } catch {
    return null;
  }
}

function digestsOf(files: readonly BundleFile[]): Readonly<Record<string, string>> {
  return Object.fromEntries(files.map((file) => [file.name, digestOf(file.content)]));
}

function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
