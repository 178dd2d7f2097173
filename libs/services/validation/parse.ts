import type { ZodError, ZodType, output } from 'zod';
import { invalidAttribute, invalidInput, showName } from './refuse.js';
import type { BaykeeperError } from '@baykeeper/domain';

/**
 * What `schema` makes of `value`.
 * @throws BaykeeperError `invalid-input`, naming the first attribute that is wrong and what to give instead.
 */
export function parseBody<Schema extends ZodType>(schema: Schema, value: unknown): output<Schema> {
  if (value === undefined || value === null) throw invalidInput('Missing body: send a JSON object.');
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidInput('Invalid body: send a JSON object.');
  const result = schema.safeParse(value);
  if (!result.success) throw refusalOf(result.error, 'attribute');
  return result.data;
}

/** The same for the query string. */
export function parseQuery<Schema extends ZodType>(schema: Schema, value: unknown): output<Schema> {
  const result = schema.safeParse(value ?? {});
  if (!result.success) throw refusalOf(result.error, 'argument');
  return result.data;
}

function refusalOf(error: ZodError, what: 'attribute' | 'argument'): BaykeeperError {
  const issue = error.issues[0];
  if (issue === undefined) return invalidInput('Invalid input: correct it and try again.');
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.slice(0, 5).map(showName).join(', ');
    return invalidInput(`Unknown ${what}: ${names}: remove it or correct its name.`);
  }
  return invalidAttribute(issue.path.map(String).join('/'), issue.message);
}
