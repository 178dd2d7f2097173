import type { Installation } from './installation.js';

/** Programs' words that no tenant can do anything with: ids, stacks, values that are none, code. */
const UNREADABLE =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\n\s+at |node_modules|\bundefined\b|\bnull\b|\[object|\bE[A-Z]{4,}\b|Error:/;

/** What bays tell their tenants and no tenant can read, in events and in the reasons of their state. */
export async function findUnreadable(installation: Pick<Installation, 'query'>): Promise<readonly string[]> {
  const rows = await installation.query<{ text: string }>(
    `SELECT message AS text FROM bay_events
     UNION SELECT status_reason FROM bays WHERE status_reason IS NOT NULL`,
  );
  return rows.map(({ text }) => text).filter((text) => UNREADABLE.test(text) || !/^\S.{3,}$/s.test(text));
}
