/** A bay as a picture: counts for what there may be ten thousand of, and the nodes that one would look at. */
import { z } from 'zod';
import { BAY_STATUSES, HEALTH_STATUSES, NODE_PHASES, phaseOf, type Node } from '@baykeeper/domain';
import type { BayView } from '@baykeeper/services';
import type { GroupPicture } from '@baykeeper/storage';

const HEALTHS = ['up', 'down', 'checking', 'unknown'] as const;
const counts = z.strictObject({ present: z.int(), ready: z.int(), failed: z.int(), leaving: z.int() });

export const topologyAnswer = z
  .strictObject({
    uuid: z.uuid(),
    name: z.string(),
    status: z.enum(BAY_STATUSES),
    health_status: z.enum(HEALTH_STATUSES).nullable(),
    groups: z.array(
      z.strictObject({
        uuid: z.uuid(),
        name: z.string(),
        role: z.enum(['master', 'worker']),
        wanted: z.int(),
        counts,
        nodes: z
          .array(
            z.strictObject({
              uuid: z.uuid(),
              name: z.string(),
              phase: z.enum(NODE_PHASES),
              address: z.string().nullable(),
              member: z.enum(HEALTHS).nullable().describe('At the load balancer; null for what is no member'),
            }),
          )
          .describe('At most 60 of the group: those that are not ready first'),
      }),
    ),
    load_balancers: z.array(
      z.strictObject({
        uuid: z.uuid(),
        address: z.string().nullable(),
        listeners: z.array(
          z.strictObject({
            name: z.string(),
            port: z.int(),
            members: z.strictObject({
              total: z.int(),
              up: z.int(),
              down: z.int(),
              checking: z.int(),
              unknown: z.int(),
            }),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Topology' });

type Health = (typeof HEALTHS)[number];
interface Balancer {
  readonly uuid: string;
  readonly address: string | null;
  readonly listeners: readonly {
    readonly name: string;
    readonly port: number;
    readonly members: readonly { readonly node_uuid: string; readonly health: Health }[];
  }[];
}

const NONE = { present: 0, ready: 0, failed: 0, leaving: 0 };
/** The worse of two stands for a node that is a member of several listeners. */
const WORST: readonly Health[] = ['down', 'checking', 'unknown', 'up'];

export function topologyBody(
  { bay, groups }: BayView,
  pictures: readonly GroupPicture[],
  balancers: readonly Balancer[],
) {
  const health = healthByNode(balancers);
  const drawn = new Map(pictures.map((picture) => [picture.nodeGroupId, picture]));
  return {
    ...{ uuid: bay.id, name: bay.name, status: bay.status, health_status: bay.healthStatus },
    groups: groups.map((group) => ({
      ...{ uuid: group.id, name: group.name, role: group.role },
      wanted: group.deletionRequestedAt === null ? group.nodeCount : 0,
      counts: drawn.get(group.id)?.counts ?? NONE,
      nodes: (drawn.get(group.id)?.nodes ?? []).map((node) => nodeBody(node, health.get(node.id) ?? null)),
    })),
    load_balancers: balancers.map(({ uuid, address, listeners }) => ({
      ...{ uuid, address },
      listeners: listeners.map(({ name, port, members }) => ({ name, port, members: countHealth(members) })),
    })),
  };
}

function nodeBody(node: Node, member: Health | null) {
  return { uuid: node.id, name: node.name, phase: phaseOf(node), address: node.address, member };
}

function healthByNode(balancers: readonly Balancer[]): ReadonlyMap<string, Health> {
  const worst = new Map<string, Health>();
  for (const { node_uuid: id, health } of balancers
    .flatMap(({ listeners }) => listeners)
    .flatMap((one) => one.members)) {
    const known = worst.get(id);
    if (known === undefined || WORST.indexOf(health) < WORST.indexOf(known)) worst.set(id, health);
  }
  return worst;
}

function countHealth(members: readonly { readonly health: Health }[]) {
  const of = (health: Health): number => members.filter((member) => member.health === health).length;
  return { total: members.length, up: of('up'), down: of('down'), checking: of('checking'), unknown: of('unknown') };
}
