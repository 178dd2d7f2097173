import { CommandFailure } from '../failure.js';
import type { Session } from '../session/session.js';
import { listPages } from './bays.js';
import { JsonReader, type JsonObject } from './json-reader.js';

/** What templates and bays are made of, and the user's own keys. */
export type Collection = 'flavors' | 'images' | 'networks' | 'keypairs';

/** One as the service answers it; which fields a kind has, its table knows. */
export interface EntryBody {
  readonly whole: JsonObject;
  readonly reader: JsonReader;
}

function readEntry(value: unknown, place: string): EntryBody {
  const reader = new JsonReader(value, place);
  return { whole: reader.whole, reader };
}

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
  await answer.body?.cancel();
}
