/** What all resources of the identity service have in common: links, lists, times, failures. */
import { z, type ZodType } from 'zod';
import { isStorable, parseQuery } from '@baykeeper/services';
import { DOMAIN } from '@baykeeper/tenancy';
import type { Answer } from '../http/operation.decorator.js';

/** A list's length at most, and when nothing is said. */
const MOST_ROWS = 1_000;

const failure = z
  .object({ error: z.object({ code: z.int(), title: z.string(), message: z.string() }) })
  .meta({ id: 'IdentityError' });

const DESCRIPTIONS = {
  400: 'The input is wrong',
  401: 'Not (or no longer) valid',
  403: 'Not allowed',
  404: 'There is no such thing',
  409: 'It collides with something that is there',
  429: 'Too often: wait as Retry-After says',
} as const;

/** Declares failures by their statuses; 401 goes without saying. */
export function failures(...statuses: (keyof typeof DESCRIPTIONS)[]): Readonly<Record<number, Answer>> {
  return Object.fromEntries(
    [...new Set([401 as const, ...statuses])].map((status) => [
      status,
      { description: DESCRIPTIONS[status], schema: failure },
    ]),
  );
}

export const link = z.strictObject({ self: z.string() });
export const named = z.strictObject({ id: z.string(), name: z.string() });
export const owned = named.extend({ domain: named });
export const domainOf = () => ({ ...DOMAIN });

const TEXT_ADVICE = 'give text of 1 to 255 characters without control characters';
export const shortText = z
  .string({ error: TEXT_ADVICE })
  .min(1, { error: TEXT_ADVICE })
  .max(255, { error: TEXT_ADVICE })
  .refine(isStorable, { error: TEXT_ADVICE });

const LONG_ADVICE = 'give text of at most 1024 characters';
/** A description: lines are fine. */
export const longText = z
  .string({ error: LONG_ADVICE })
  .max(1_024, { error: LONG_ADVICE })
  .refine((text) => isStorable(text.replace(/[\n\r\t]/g, '')), { error: LONG_ADVICE });

/** There is one domain: it may be named, another one not. */
export const ourDomain = z.literal(DOMAIN.id, { error: `give "${DOMAIN.id}", which is the only domain there is` });

const queryText = z.string({ error: 'give it once' }).max(255, { error: TEXT_ADVICE });
const LIMIT_ADVICE = 'give a whole number above 0';

/** Keystone's flags in a query: present means yes, unless it says no. */
export const queryFlag = queryText
  .transform((text) => !['false', '0', 'no', 'off'].includes(text.toLowerCase()))
  .meta({ type: 'boolean' });

/** What every list takes; what else a client sends is left alone, as Keystone does. */
export const anyQuery = z.looseObject({});
export const listQuery = z.looseObject({
  limit: z
    .string({ error: LIMIT_ADVICE })
    .regex(/^0*[1-9]\d{0,8}$/, { error: LIMIT_ADVICE })
    .transform((text) => Math.min(Number(text), MOST_ROWS))
    .optional()
    .meta({ type: 'integer', minimum: 1, maximum: MOST_ROWS }),
  marker: queryText.optional(),
});
export const namedListQuery = listQuery.extend({
  name: queryText.optional(),
  domain_id: queryText.optional(),
  enabled: queryFlag.optional(),
});

export interface ListRequest<Query> {
  readonly query: Query;
  readonly page: { readonly limit: number; readonly marker: string | null };
}

/** @throws BaykeeperError `invalid-input` */
export function readList<Schema extends ZodType<z.output<typeof listQuery>>>(
  schema: Schema,
  given: unknown,
): ListRequest<z.output<Schema>> {
  const query = parseQuery(schema, given);
  return { query, page: { limit: query.limit ?? MOST_ROWS, marker: query.marker ?? null } };
}

export const listLinks = z.strictObject({
  self: z.string(),
  previous: z.null(),
  next: z.string().nullable(),
});

/**
 * Links of a list's page, and whether it was cut although nobody asked for a limit.
 * @param path of the list below `/identity/v3`
 * @param given the query as it came
 * @param last the marker after which the next page begins; null when this one was not full
 */
export function pageLinks(baseUrl: string, path: string, given: unknown, last: string | null) {
  const entries = Object.entries(given as Record<string, unknown>).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  const url = (query: URLSearchParams): string => {
    const text = query.toString();
    return `${baseUrl}/identity/v3/${path}${text === '' ? '' : `?${text}`}`;
  };
  const query = new URLSearchParams(entries);
  const self = url(query);
  const wasAsked = query.has('limit');
  if (last !== null) query.set('marker', last);
  return {
    links: { self, previous: null, next: last === null ? null : url(query) },
    ...(last !== null && !wasAsked && { truncated: true }),
  };
}

/** The id of the last row of a page that was full; null for one that was not. */
export function lastOf(rows: readonly { readonly id: string }[], limit: number): string | null {
  return rows.length < limit ? null : (rows.at(-1)?.id ?? null);
}

/** Keystone writes times with six digits; some clients read nothing else. */
export function microseconds(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

/** The body of one thing: its name is the only key. */
export function wrapped<Name extends string, Schema extends ZodType>(name: Name, schema: Schema) {
  const error = `give an object: {"${name}": {…}}`;
  return z.object({ [name]: schema } as Record<Name, Schema>, { error });
}

/** A list under the resource's own name. @param id among the components of the OpenAPI document */
export function listOf(id: string, name: string, schema: ZodType) {
  return z
    .strictObject({ [name]: z.array(schema), links: listLinks, truncated: z.literal(true).optional() })
    .meta({ id });
}

/** One thing under its own name. @param id among the components of the OpenAPI document */
export function oneOf(id: string, name: string, schema: ZodType) {
  return z.strictObject({ [name]: schema }).meta({ id });
}
