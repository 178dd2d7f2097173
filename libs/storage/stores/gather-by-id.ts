import type { ProjectId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import { gather } from '../gather.js';
import type { Scope } from '../scope.js';
import { nameOf, selectPrepared } from './prepared.js';
import { projectOf } from './scoping.js';

/** Two keep the database busy while this process reads an answer. */
const BATCHES = { atOnce: 2, most: 100 };

/** @returns null for what is not there, or not to be seen in the scope */
export type FindById<Row> = (scope: Scope, id: string) => Promise<Row | null>;

/**
 * Finds rows by their ids, those that are asked for at the same time in one statement; each in its own scope.
 * @param table with the columns `id` and `project_id`
 * @param columns what is selected, each with a name that is no column of `asked`
 */
export function gatherById<Row extends object>(manager: EntityManager, table: string, columns: string): FindById<Row> {
  const text = `SELECT asked.place::integer AS "askedPlace", ${columns}
    FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS asked(asked_id, asked_project, place)
    JOIN ${table} ON ${table}.id = asked.asked_id
      AND (asked.asked_project IS NULL OR ${table}.project_id = asked.asked_project)`;
  const name = nameOf(`${table}-by-id`, text);
  const find = gather(async (asked: readonly { readonly id: string; readonly projectId: ProjectId | null }[]) => {
    // The same row is read once, however many ask for it.
    const keyOf = ({ id, projectId }: (typeof asked)[number]): string => `${id} ${projectId ?? ''}`;
    const different = new Map(asked.map((one) => [keyOf(one), one]));
    const rows = await selectPrepared<Row & { readonly askedPlace: number }>(manager, name, text, [
      [...different.values()].map(({ id }) => id),
      [...different.values()].map(({ projectId }) => projectId),
    ]);
    const keys = [...different.keys()];
    const found = new Map<string, Row>();
    for (const { askedPlace, ...row } of rows) found.set(keys[askedPlace - 1] ?? '', row as unknown as Row);
    return asked.map((one) => found.get(keyOf(one)) ?? null);
  }, BATCHES);
  return (scope, id) => find({ id, projectId: projectOf(scope) });
}
