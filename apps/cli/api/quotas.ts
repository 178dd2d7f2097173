import { CommandFailure } from '../failure.js';
import type { Session } from '../session/session.js';
import { discard, listPages } from './bays.js';
import { readEntry, type EntryBody } from './entries.js';

const read = (answer: { readonly whole: EntryBody['whole'] }): EntryBody => readEntry(answer.whole, 'quota');

/** Only quotas that somebody set; everywhere else the default holds. */
export async function listQuotas(session: Session, allProjects: boolean): Promise<readonly EntryBody[]> {
  return await listPages(session, '/quotas', 'quotas', readEntry, allProjects ? '?all_tenants=true' : '');
}

/** Limits and what is in use of them. @param project null: the one of the session */
export async function showUsage(session: Session, project: string | null): Promise<EntryBody> {
  const query = project === null ? '' : `?project_id=${encodeURIComponent(project)}`;
  return await session.callJson(`/usage${query}`, (answer) => readEntry(answer.whole, 'usage'));
}

/** Makes the quota, or changes the one there is. */
export async function setQuota(
  session: Session,
  quota: { readonly project_id: string; readonly resource: string; readonly hard_limit: number },
): Promise<EntryBody> {
  try {
    return await session.callJson('/quotas', read, { method: 'POST', body: quota });
  } catch (error) {
    if (!(error instanceof CommandFailure && error.httpStatus === 409)) throw error;
  }
  return await session.callJson(quotaPath(quota.project_id, quota.resource), read, { method: 'PATCH', body: quota });
}

export async function removeQuota(session: Session, project: string, resource: string): Promise<void> {
  await discard(session.call(quotaPath(project, resource), { method: 'DELETE' }));
}

function quotaPath(project: string, resource: string): string {
  if (['', '.', '..'].includes(project)) throw new CommandFailure('usage', `"${project}" is no project's id.`);
  return `/quotas/${encodeURIComponent(project)}/${encodeURIComponent(resource)}`;
}
