export type SortDirection = 'asc' | 'desc';

/** One page of a list, as Magnum's collections ask for it. */
export interface Page {
  /** Most rows, at least 1. The caller has capped it. */
  readonly limit: number;
  /** The uuid of the last row of the page before; null for the first page. */
  readonly marker: string | null;
  /** A column by its name on the wire (`name`, `created_at`); `id` is the order of insertion. */
  readonly sortKey: string;
  readonly sortDir: SortDirection;
}

export const FIRST_PAGE: Page = { limit: 1000, marker: null, sortKey: 'id', sortDir: 'asc' };
