import { CommandFailure } from '../failure.js';
import type { Session } from '../session/session.js';
import { bayPath, discard, listPages } from './bays.js';
import { readEntry, type EntryBody } from './entries.js';
import type { JsonObject } from './json-reader.js';

const groupsPath = (bay: string): string => `/clusters/${bayPath(bay)}/nodegroups`;

export async function listGroups(session: Session, bay: string): Promise<readonly EntryBody[]> {
  return await listPages(session, groupsPath(bay), 'nodegroups', readEntry);
}

export async function showGroup(session: Session, bay: string, group: string): Promise<EntryBody> {
  return await session.callJson(groupPath(bay, group), (answer) => readEntry(answer.whole, 'nodegroup'));
}

export async function createGroup(session: Session, bay: string, body: JsonObject): Promise<EntryBody> {
  const read = (answer: { readonly whole: JsonObject }): EntryBody => readEntry(answer.whole, 'nodegroup');
  return await session.callJson(groupsPath(bay), read, { method: 'POST', body });
}

/** One operation of a JSON patch. */
export interface Operation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: string | number;
}

export async function updateGroup(
  session: Session,
  bay: string,
  group: string,
  patch: readonly Operation[],
): Promise<EntryBody> {
  const read = (answer: { readonly whole: JsonObject }): EntryBody => readEntry(answer.whole, 'nodegroup');
  return await session.callJson(groupPath(bay, group), read, { method: 'PATCH', body: patch });
}

export async function removeGroup(session: Session, bay: string, group: string): Promise<void> {
  await discard(session.call(groupPath(bay, group), { method: 'DELETE' }));
}

/** The group that a resize is about: the one that is named, else the default workers. */
export async function resizedGroup(
  session: Session,
  bay: string,
  wanted: string | undefined,
): Promise<{ readonly uuid: string; readonly name: string; readonly node_count: number }> {
  const groups = (await listGroups(session, bay)).map(({ reader }) => ({
    ...{ uuid: reader.text('uuid'), name: reader.text('name'), node_count: reader.count('node_count') },
    isDefaultWorker: reader.flag('is_default') && reader.text('role') !== 'master',
  }));
  const fits = groups.find((group) =>
    wanted === undefined ? group.isDefaultWorker : group.uuid === wanted || group.name === wanted,
  );
  if (fits !== undefined) return fits;
  const names = groups.map(({ name }) => name).join(', ');
  throw new CommandFailure('not-found', `The bay has no node group "${wanted ?? 'default-worker'}". It has: ${names}.`);
}

/** A group's name may hold anything; as a segment of a path these three would mean another resource. */
function groupPath(bay: string, group: string): string {
  if (group === '' || group === '.' || group === '..') {
    throw new CommandFailure('usage', `"${group}" is no node group's name. List them with: bay nodegroups ${bay}`);
  }
  return `${groupsPath(bay)}/${encodeURIComponent(group)}`;
}
