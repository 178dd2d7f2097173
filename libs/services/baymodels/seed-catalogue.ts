/**
 * The public catalogue that a new installation starts with: one YAML file per baymodel, in the names of the wire. Each is
 * put in once for ever: what an administrator changes or deletes later stays changed or deleted.
 */
import { randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { BaykeeperError, detailOf, type BaymodelId, type Log } from '@baykeeper/domain';
import type { Database } from '@baykeeper/storage';
import type { Caller } from '../caller.js';
import { parseBody } from '../validation/parse.js';
import type { Baymodels } from './baymodels.js';
import { clusterTemplateSchema } from './baymodel.schema.js';
import { fieldsOfBody } from './baymodel.wire.js';

export interface SeedDependencies {
  readonly database: Database;
  readonly baymodels: Baymodels;
  readonly log: Log;
  /** Holds `*.yaml`; may be missing. */
  readonly directory: string;
}

/**
 * Puts in what is not there yet; safe from several servers at once. A baymodel that can't be made here (its engine or
 * image is not offered) is left out, and tried again at the next start.
 * @param owner the administrator, in the administrators' project
 * @returns the names of those that were put in
 */
export async function seedCatalogue(dependencies: SeedDependencies, owner: Caller): Promise<readonly string[]> {
  const added: string[] = [];
  for (const file of await listFiles(dependencies.directory)) {
    try {
      const name = await seedOne(dependencies, owner, file);
      if (name !== null) added.push(name);
    } catch (error) {
      if (!(error instanceof BaykeeperError) || error.code !== 'invalid-input') throw error;
      dependencies.log.warn({ file, reason: error.publicMessage }, 'leaving a baymodel out of the catalogue');
    }
  }
  return added;
}

async function listFiles(directory: string): Promise<readonly string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => name.endsWith('.yaml')).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function seedOne(dependencies: SeedDependencies, owner: Caller, file: string): Promise<string | null> {
  const text = await readFile(path.join(dependencies.directory, file), 'utf8');
  const key = `catalogue:${path.basename(file, '.yaml')}`;
  const body = parseBody(clusterTemplateSchema, readYaml(text, file));
  const { fields, refs } = await dependencies.baymodels.complete(owner, {
    ...fieldsOfBody(body, body.name ?? path.basename(file, '.yaml')),
    public: true,
  });
  const mine = randomUUID() as BaymodelId;
  return dependencies.database.transaction(async (stores) => {
    // The mark and the row are one write: whoever sets the mark first puts the row in, nobody else ever.
    if ((await stores.settings.ensure(key, () => mine)) !== mine) return null;
    const { projectId, userId } = owner;
    await stores.baymodels.insert({ projectId }, { fields, refs, id: mine, projectId, userId });
    return fields.name;
  });
}

function readYaml(text: string, file: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new BaykeeperError({
      code: 'invalid-input',
      publicMessage: `${file} is not YAML: correct it.`,
      detail: detailOf(error),
      cause: error,
    });
  }
}
