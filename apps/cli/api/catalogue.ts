import { CommandFailure } from '../failure.js';
import type { Session } from '../session/session.js';
import { listPages } from './bays.js';
import { readEntry, type EntryBody } from './entries.js';
import type { JsonObject } from './json-reader.js';

/** What templates and bays are made of, and the user's own keys. */
export type Collection = 'flavors' | 'images' | 'networks' | 'keypairs';

export async function listEntries(session: Session, collection: Collection): Promise<readonly EntryBody[]> {
  return await listPages(session, `/${collection}`, collection, readEntry);
}

export async function addEntry(session: Session, collection: Collection, body: JsonObject): Promise<EntryBody> {
  return await session.callJson(`/${collection}`, (answer) => readEntry(answer.whole, collection), {
    method: 'POST',
    body,
  });
}

export async function removeEntry(session: Session, collection: Collection, ident: string): Promise<void> {
  // As segments of a path these two would mean other resources.
  if (ident === '' || ident === '.' || ident === '..') {
    throw new CommandFailure('usage', `"${ident}" is no name. List what there is with: bay ${collection}`);
  }
  const answer = await session.call(`/${collection}/${encodeURIComponent(ident)}`, { method: 'DELETE' });
  answer.discard();
}
