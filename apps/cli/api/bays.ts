import { CommandFailure } from '../failure.js';
import type { HttpAnswer } from './http.js';
import type { Session } from '../session/session.js';
import {
  readBay,
  readEvent,
  readLoadBalancer,
  readNode,
  type BayBody,
  type EventBody,
  type LoadBalancerBody,
  type NodeBody,
} from './wire.js';

/**
 * Calls about bays. Magnum's part goes to `/clusters`, whose bodies say more (health, project) than those of the older
 * `/bays`; what only we have is under `/bays`. Both are the same rows.
 */
export interface NewBay {
  readonly name: string;
  readonly cluster_template_id: string;
  readonly node_count: number;
  readonly master_count: number;
  readonly create_timeout?: number;
  readonly keypair?: string;
  readonly flavor_id?: string;
  readonly master_flavor_id?: string;
  readonly docker_volume_size?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly merge_labels?: boolean;
}

export async function listBays(session: Session): Promise<readonly BayBody[]> {
  return await listPages(session, '/clusters/detail', 'clusters', readBay);
}

/** One bay by name or uuid. A name that no bay has gets a sentence of ours, since Magnum's speaks of clusters. */
export async function showBay(session: Session, ident: string): Promise<BayBody> {
  return await sayWhichBay(session, ident, () =>
    session.callJson(`/clusters/${bayPath(ident)}`, (body) => readBay(body.whole, 'bay')),
  );
}

/** Returns the new bay's uuid. */
export async function createBay(session: Session, bay: NewBay): Promise<string> {
  return await session.callJson('/clusters', (body) => body.text('uuid'), { method: 'POST', body: bay });
}

export interface Resize {
  readonly node_count: number;
  readonly nodegroup: string;
  /** Names or uuids of the nodes that leave first. */
  readonly nodes_to_remove?: readonly string[];
}

/** Sets how many workers a node group has. The latest wish wins, in any status. */
export async function resizeBay(session: Session, uuid: string, body: Resize): Promise<void> {
  await discard(session.call(`/clusters/${bayPath(uuid)}/actions/resize`, { method: 'POST', body }));
}

/** @throws CommandFailure `refused` with the service's reason */
export async function upgradeBay(session: Session, uuid: string, templateUuid: string): Promise<void> {
  const body = { cluster_template: templateUuid, max_batch_size: 1 };
  await discard(session.call(`/clusters/${bayPath(uuid)}/actions/upgrade`, { method: 'POST', body }));
}

/** Makes a new certificate authority, or new credentials of a cloud. @throws CommandFailure `refused` with the reason */
export async function rotate(session: Session, what: 'certificates' | 'credentials', uuid: string): Promise<void> {
  await discard(session.call(`/${what}/${bayPath(uuid)}`, { method: 'PATCH', body: {} }));
}

export async function deleteBay(session: Session, uuid: string): Promise<void> {
  await discard(session.call(`/clusters/${bayPath(uuid)}`, { method: 'DELETE' }));
}

export async function retryBay(session: Session, uuid: string): Promise<void> {
  await discard(session.call(`/bays/${bayPath(uuid)}/actions/retry`, { method: 'POST', body: {} }));
}

export async function listNodes(session: Session, uuid: string): Promise<readonly NodeBody[]> {
  return await session.callJson(`/bays/${bayPath(uuid)}/nodes`, (body) => body.requiredList('nodes', readNode));
}

export async function listLoadBalancers(session: Session, uuid: string): Promise<readonly LoadBalancerBody[]> {
  return await session.callJson(`/bays/${bayPath(uuid)}/load_balancers`, (body) =>
    body.requiredList('load_balancers', readLoadBalancer),
  );
}

const EVENTS_PER_PAGE = 1000;

/** Everything that happened after event number `after` (0: since the beginning), oldest first. */
export async function listEvents(session: Session, uuid: string, after: number): Promise<readonly EventBody[]> {
  const events: EventBody[] = [];
  for (let last = after; ;) {
    const page = await session.callJson(
      `/bays/${bayPath(uuid)}/events?after=${last}&limit=${EVENTS_PER_PAGE}`,
      (body) => ({ events: body.requiredList('events', readEvent), more: body.has('next') }),
    );
    events.push(...page.events);
    const newest = page.events.at(-1)?.sequence;
    if (!page.more || newest === undefined || newest <= last) return events;
    last = newest;
  }
}

/** A zip with a client certificate made for this call. Secret. */
/** @param role what they shall be good for, if less than the caller may do */
export async function downloadCredentials(session: Session, uuid: string, role?: string): Promise<Uint8Array> {
  const answer = await session.call(`/bays/${bayPath(uuid)}/credentials`, {
    method: 'POST',
    accept: 'application/zip, application/json',
    body: role === undefined ? {} : { role },
  });
  return await answer.bytes();
}

/** Follows `next` to the end. Only its query is used: the service may know itself by another address than we do. */
export async function listPages<Item>(
  session: Session,
  path: string,
  collection: string,
  readItem: (value: unknown, place: string) => Item,
  firstQuery = '',
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (let query = firstQuery; ;) {
    const page = await session.callJson(`${path}${query}`, (body) => ({
      items: body.requiredList(collection, readItem),
      next: body.textOrNull('next'),
    }));
    items.push(...page.items);
    if (page.next === null || page.items.length === 0) return items;
    const following = new URL(page.next, session.endpoint).search;
    if (following === query) return items;
    query = following;
  }
}

/** A name as one segment of a path. `.` and `..` would mean other resources, and no bay can have such a name. */
export function bayPath(ident: string): string {
  if (ident === '' || ident === '.' || ident === '..') {
    throw new CommandFailure('usage', `"${ident}" is no bay's name. List the bays with: bay ls`);
  }
  return encodeURIComponent(ident);
}

async function sayWhichBay<Value>(session: Session, ident: string, ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const { httpStatus, requestId } = error;
    const project = session.projectName === null ? '' : ` in project ${session.projectName}`;
    if (error.code === 'not-found') {
      const message = `There is no bay "${ident}"${project}. List the bays with: bay ls`;
      throw new CommandFailure('not-found', { message, httpStatus, requestId, cause: error });
    }
    if (httpStatus === 409) {
      const message = `More than one bay is called "${ident}". Use the uuid instead; see: bay ls`;
      throw new CommandFailure('refused', { message, httpStatus, requestId, cause: error });
    }
    throw error;
  }
}

/** For an answer that says nothing more than that it is one. */
export async function discard(answer: Promise<HttpAnswer>): Promise<void> {
  (await answer).discard();
}
