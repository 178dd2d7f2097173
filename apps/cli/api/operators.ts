import type { Session } from '../session/session.js';
import { readEntry, type EntryBody } from './entries.js';

/** The largest page that the service gives. */
const ENTRIES_PER_PAGE = 1000;

/**
 * Entries of the audit, the latest first, page by page.
 * @param filters by their names on the wire; what is undefined is not asked for
 * @param most null: every one
 */
export async function listAudit(
  session: Session,
  filters: Readonly<Record<string, string | undefined>>,
  most: number | null,
): Promise<readonly EntryBody[]> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value);
  const entries: EntryBody[] = [];
  for (;;) {
    query.set('limit', String(most === null ? ENTRIES_PER_PAGE : Math.min(ENTRIES_PER_PAGE, most - entries.length)));
    const page = await session.callJson(`/audit?${query.toString()}`, (body) => ({
      entries: body.requiredList('audit', readEntry),
      more: body.has('next'),
    }));
    entries.push(...page.entries);
    const last = page.entries.at(-1);
    if (!page.more || last === undefined || entries.length >= (most ?? Infinity)) return entries;
    query.set('marker', String(last.reader.count('sequence')));
  }
}

/** @param project null: the session's own; for an administrator of the installation everything */
export async function showStatistics(session: Session, project: string | null): Promise<EntryBody> {
  const query = project === null ? '' : `?project_id=${encodeURIComponent(project)}`;
  return await session.callJson(`/stats${query}`, (answer) => readEntry(answer.whole, 'stats'));
}

export async function listServices(session: Session): Promise<readonly EntryBody[]> {
  return await session.callJson('/mservices', (body) => body.requiredList('mservices', readEntry));
}
