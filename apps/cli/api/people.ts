import { CommandFailure } from '../failure.js';
import type { Session } from '../session/session.js';
import { readEntry, type EntryBody } from './entries.js';
import type { JsonObject } from './json-reader.js';

/** Projects, users and roles of the identity service (Keystone v3). */
export type People = 'projects' | 'users' | 'roles';

const SINGULAR = { projects: 'project', users: 'user', roles: 'role' } as const;

/** All of a list, page by page. @param path below `/v3`; its query may filter */
export async function listIdentity(session: Session, path: string, collection: string): Promise<readonly EntryBody[]> {
  const entries: EntryBody[] = [];
  for (let next = path; ;) {
    const page = await session.callJson(
      next,
      (body) => ({
        entries: body.requiredList(collection, readEntry),
        next: body.readerOrNull('links')?.textOrNull('next') ?? null,
      }),
      { service: 'identity' },
    );
    entries.push(...page.entries);
    if (page.next === null || page.entries.length === 0) return entries;
    // Only its query is used: the service may know itself by another address than we do.
    const following = `${path.split('?', 1)[0] ?? path}${new URL(page.next, session.endpoint).search}`;
    if (following === next) return entries;
    next = following;
  }
}

export async function createPerson(
  session: Session,
  kind: 'projects' | 'users',
  fields: JsonObject,
): Promise<EntryBody> {
  const one = SINGULAR[kind];
  return await session.callJson(`/${kind}`, (body) => readEntry(body.whole[one], one), {
    ...{ service: 'identity', method: 'POST', body: { [one]: fields } },
  });
}

export async function changePerson(
  session: Session,
  kind: 'projects' | 'users',
  id: string,
  fields: JsonObject,
): Promise<EntryBody> {
  const one = SINGULAR[kind];
  return await session.callJson(`/${kind}/${encodeURIComponent(id)}`, (body) => readEntry(body.whole[one], one), {
    ...{ service: 'identity', method: 'PATCH', body: { [one]: fields } },
  });
}

export async function removePerson(session: Session, kind: 'projects' | 'users', id: string): Promise<void> {
  const call = { service: 'identity', method: 'DELETE' } as const;
  (await session.call(`/${kind}/${encodeURIComponent(id)}`, call)).discard();
}

/** @param given whether the role is given or taken */
export async function changeRole(
  session: Session,
  { project, user, role }: { readonly project: string; readonly user: string; readonly role: string },
  given: boolean,
): Promise<void> {
  const segments = ['projects', project, 'users', user, 'roles', role].map(encodeURIComponent);
  const call = { service: 'identity', method: given ? 'PUT' : 'DELETE' } as const;
  (await session.call(`/${segments.join('/')}`, call)).discard();
}

/** One by its id or its name. @throws CommandFailure `not-found` */
export async function findPerson(
  session: Session,
  kind: People,
  wanted: string,
): Promise<{ readonly id: string; readonly name: string }> {
  const byName = await listIdentity(session, `/${kind}?name=${encodeURIComponent(wanted)}`, kind);
  const [found] = byName;
  if (found !== undefined) return { id: found.reader.text('id'), name: found.reader.text('name') };
  const one = SINGULAR[kind];
  // As segments of a path these would mean other resources.
  if (!['', '.', '..'].includes(wanted)) {
    try {
      const path = `/${kind}/${encodeURIComponent(wanted)}`;
      const { reader } = await session.callJson(path, (body) => readEntry(body.whole[one], one), {
        service: 'identity',
      });
      return { id: reader.text('id'), name: reader.text('name') };
    } catch (error) {
      if (!(error instanceof CommandFailure && error.code === 'not-found')) throw error;
    }
  }
  throw new CommandFailure('not-found', `There is no ${one} "${wanted}". List them with: bay ${kind}`);
}
