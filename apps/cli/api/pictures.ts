import type { Session } from '../session/session.js';
import { bayPath, listPages } from './bays.js';
import { JsonReader } from './json-reader.js';

/** What the first page of the dashboard shows of a bay. */
export interface CardBody {
  readonly uuid: string;
  readonly name: string;
  readonly status: string;
  readonly health_status: string | null;
  readonly master_count: number;
  readonly node_count: number;
  readonly nodes: CountsBody;
  readonly created_at: string | null;
}

interface CountsBody {
  readonly present: number;
  readonly ready: number;
  readonly failed: number;
  readonly leaving: number;
}

export interface TopologyBody {
  readonly uuid: string;
  readonly name: string;
  readonly status: string;
  readonly groups: readonly {
    readonly name: string;
    readonly role: string;
    readonly wanted: number;
    readonly counts: CountsBody;
    readonly nodes: readonly { readonly name: string; readonly phase: string }[];
  }[];
  readonly load_balancers: readonly {
    readonly address: string | null;
    readonly listeners: readonly {
      readonly name: string;
      readonly port: number;
      readonly up: number;
      readonly total: number;
    }[];
  }[];
}

export async function watchBays(session: Session): Promise<readonly CardBody[]> {
  return await listPages(session, '/dashboard', 'bays', (value, place) => {
    const card = new JsonReader(value, place);
    return {
      ...{ uuid: card.text('uuid'), name: card.text('name'), status: card.text('status') },
      ...{ health_status: card.textOrNull('health_status'), created_at: card.textOrNull('created_at') },
      ...{ master_count: card.count('master_count'), node_count: card.count('node_count') },
      nodes: readCounts(card.reader('nodes')),
    };
  });
}

export async function showTopology(session: Session, uuid: string): Promise<TopologyBody> {
  return await session.callJson(`/bays/${bayPath(uuid)}/topology`, (body) => ({
    ...{ uuid: body.text('uuid'), name: body.text('name'), status: body.text('status') },
    groups: body.requiredList('groups', (value, place) => {
      const group = new JsonReader(value, place);
      return {
        ...{ name: group.text('name'), role: group.text('role'), wanted: group.count('wanted') },
        counts: readCounts(group.reader('counts')),
        nodes: group.list('nodes', (nodeValue, nodePlace) => {
          const node = new JsonReader(nodeValue, nodePlace);
          return { name: node.text('name'), phase: node.text('phase') };
        }),
      };
    }),
    load_balancers: body.list('load_balancers', (value, place) => {
      const balancer = new JsonReader(value, place);
      return {
        address: balancer.textOrNull('address'),
        listeners: balancer.list('listeners', (listenerValue, listenerPlace) => {
          const listener = new JsonReader(listenerValue, listenerPlace);
          const members = listener.reader('members');
          return {
            ...{ name: listener.text('name'), port: listener.count('port') },
            ...{ up: members.count('up'), total: members.count('total') },
          };
        }),
      };
    }),
  }));
}

function readCounts(counts: JsonReader): CountsBody {
  return {
    ...{ present: counts.count('present'), ready: counts.count('ready') },
    ...{ failed: counts.count('failed'), leaving: counts.count('leaving') },
  };
}
