/** Magnum's paging: `limit`, `marker`, `sort_key`, `sort_dir`, and a `next` link after every full page. */
import { z } from 'zod';
import { isUuid } from '@baykeeper/domain';
import type { Page } from '@baykeeper/storage';

/** What a page holds at most, and when nothing is said. */
export const MAXIMUM_LIMIT = 1_000;

const LIMIT_ADVICE = 'give a whole number above 0';
const MARKER_ADVICE = 'give the uuid of the last item of the page before';
const SORT_ADVICE = 'give the name of a field';

/** The arguments of every list. What rows can be sorted by, the stores decide. */
export const pageQuery = z.strictObject({
  limit: z
    .string({ error: LIMIT_ADVICE })
    .regex(/^\d{1,9}$/, { error: LIMIT_ADVICE })
    .transform(Number)
    .refine((limit) => limit > 0, { error: LIMIT_ADVICE })
    .transform((limit) => Math.min(limit, MAXIMUM_LIMIT))
    .default(MAXIMUM_LIMIT)
    .meta({ type: 'integer', minimum: 1, maximum: MAXIMUM_LIMIT }),
  marker: z.string({ error: MARKER_ADVICE }).refine(isUuid, { error: MARKER_ADVICE }).optional(),
  sort_key: z.string({ error: SORT_ADVICE }).max(64, { error: SORT_ADVICE }).default('id'),
  sort_dir: z.enum(['asc', 'desc'], { error: 'give asc or desc' }).default('asc'),
});

export interface PageQuery {
  readonly limit: number;
  readonly marker?: string | undefined;
  readonly sort_key: string;
  readonly sort_dir: 'asc' | 'desc';
}

/** The same for the stores. */
export function pageOf(query: PageQuery): Page {
  return { limit: query.limit, marker: query.marker ?? null, sortKey: query.sort_key, sortDir: query.sort_dir };
}

/** The link to the following page; none after a page that was not full. `path` begins with `/v1/`. */
export function nextLink(
  baseUrl: string,
  path: string,
  query: PageQuery,
  rows: readonly { readonly id: string }[],
): { readonly next?: string } {
  const last = rows.at(-1);
  if (last === undefined || rows.length < query.limit) return {};
  return {
    next: `${baseUrl}${path}?sort_key=${query.sort_key}&sort_dir=${query.sort_dir}&limit=${query.limit}&marker=${last.id}`,
  };
}

/** Of a body that was made as text. */
export const JSON_TYPE = 'application/json; charset=utf-8';

/** The body of a list whose items are JSON texts already. */
export function renderList(collection: string, items: readonly string[], next: { readonly next?: string }): string {
  const end = next.next === undefined ? '' : `,"next":${JSON.stringify(next.next)}`;
  return `{"${collection}":[${items.join(',')}]${end}}`;
}
