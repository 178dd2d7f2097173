/**
 * Whether everything has come to rest as the tenants last asked: every sentence is something that has not. Nodes, machines,
 * members, certificates, addresses, quotas and queues are compared in all stores, in both directions.
 */
import type { Installation } from './installation.js';
import {
  loadBays,
  loadLoadBalancers,
  loadMachines,
  loadNodes,
  type BayRow,
  type CloudLoadBalancer,
  type NodeRow,
} from './stores.js';
import type { BayWish } from './tenant.js';

/** The listener of the engine's API; all others are for what runs on workers. */
const MASTERS_LISTENER = 'docker-api';

export async function findDisagreements(
  installation: Installation,
  wishes: ReadonlyMap<string, BayWish | null>,
): Promise<readonly string[]> {
  const [bays, nodes, machines, balancers] = await Promise.all([
    loadBays(installation),
    loadNodes(installation),
    loadMachines(installation),
    loadLoadBalancers(installation),
  ]);
  const found: string[] = [];
  for (const [name, wish] of wishes) {
    const same = bays.filter((bay) => bay.name === name);
    if (wish === null) {
      if (same.length > 0) found.push(`bay ${name} is still there: ${describeBay(same[0])}`);
      continue;
    }
    const [bay] = same;
    if (bay === undefined || same.length > 1) found.push(`bay ${name} is there ${String(same.length)} times`);
    else found.push(...disagreementsOfBay(bay, wish, nodes, balancers));
  }
  for (const bay of bays) if (!wishes.has(bay.name)) found.push(`bay ${bay.name} was never asked for`);

  found.push(...differences('machine', ids(machines), ids(nodes.filter((node) => node.machine_removed_at === null))));
  found.push(...(await disagreementsOfBalancers(installation, balancers)));
  for (const given of [machines, balancers])
    if (new Set(given.map(({ address }) => address)).size < given.length) found.push('an address is given out twice');
  found.push(...(await disagreementsOfRecords(installation, nodes)));
  return found;
}

function disagreementsOfBay(
  bay: BayRow,
  wish: BayWish,
  allNodes: readonly NodeRow[],
  balancers: readonly CloudLoadBalancer[],
): readonly string[] {
  const found: string[] = [];
  if (!bay.status.endsWith('_COMPLETE')) found.push(`bay ${describeBay(bay)}`);
  const nodes = allNodes.filter((node) => node.bay_id === bay.id);
  for (const [role, wanted] of [
    ['master', wish.masters],
    ['worker', wish.workers],
  ] as const) {
    const count = nodes.filter((node) => node.role === role).length;
    if (count !== wanted) found.push(`bay ${bay.name} has ${String(count)} of ${String(wanted)} ${role}s`);
  }
  const unready = nodes.filter((node) => node.ready_at === null || node.removal_requested_at !== null);
  if (unready.length > 0) found.push(`bay ${bay.name} has nodes that come or go: ${namesOf(unready)}`);

  const own = balancers.filter((balancer) => balancer.bayId === bay.id);
  if (own.length !== 1) found.push(`bay ${bay.name} has ${String(own.length)} load balancers`);
  for (const [listener, members] of Object.entries(own[0]?.members ?? {})) {
    const wanted = nodes.filter((node) => (node.role === 'master') === (listener === MASTERS_LISTENER));
    const differing = differences(
      `${bay.name}'s ${listener} member`,
      members.map((member) => `${member.nodeId} ${member.address}`),
      wanted.map((node) => `${node.id} ${node.address ?? ''}`),
    );
    found.push(...differing);
  }
  return found;
}

async function disagreementsOfBalancers(
  installation: Installation,
  balancers: readonly CloudLoadBalancer[],
): Promise<readonly string[]> {
  type Known = Pick<CloudLoadBalancer, 'id' | 'listeners'> & { readonly address: string | null };
  const known = await installation.query<Known>('SELECT id, address, listeners FROM load_balancers');
  const describe = ({ id, address, listeners }: Known): string =>
    `${id} on ${address ?? 'no address'} (${listeners.map(({ name, port }) => `${name} ${String(port)}`).join(', ')})`;
  return differences('load balancer', balancers.map(describe), known.map(describe));
}

async function disagreementsOfRecords(
  installation: Installation,
  nodes: readonly NodeRow[],
): Promise<readonly string[]> {
  const found: string[] = [];
  const certificates = await installation.query<{ node_id: string }>(
    // The record of what was issued outlives a bay; its authority does not.
    `SELECT node_id FROM certificates WHERE kind = 'node' AND revoked_at IS NULL
       AND bay_id IN (SELECT id FROM bays) GROUP BY node_id`,
  );
  const present = nodes.filter((node) => node.left_at === null);
  found.push(
    ...differences('valid certificate', ids(certificates.map(({ node_id }) => ({ id: node_id }))), ids(present)),
  );
  const counts = await installation.query<{ what: string; count: string }>(
    `SELECT 'outbox rows that were not relayed' AS what, count(*) FROM outbox
     UNION ALL SELECT 'writes that began and never ended', count(*) FROM operations WHERE finished_at IS NULL
     UNION ALL SELECT 'nodes without a bay', count(*) FROM nodes WHERE bay_id NOT IN (SELECT id FROM bays)
     UNION ALL SELECT 'node groups without a bay', count(*) FROM node_groups WHERE bay_id NOT IN (SELECT id FROM bays)
     UNION ALL SELECT 'load balancers without a bay', count(*) FROM load_balancers
       WHERE bay_id NOT IN (SELECT id FROM bays)
     UNION ALL SELECT 'authorities without a bay', count(*) FROM certificate_authorities
       WHERE bay_id NOT IN (SELECT id FROM bays)
     UNION ALL SELECT 'credentials without a node', count(*) FROM node_credentials
       WHERE node_id NOT IN (SELECT id FROM nodes)`,
  );
  for (const { what, count } of counts) if (Number(count) !== 0) found.push(`there are ${count} ${what}`);
  return found;
}

const ids = (records: readonly { readonly id: string }[]): readonly string[] => records.map(({ id }) => id);

function differences(what: string, there: readonly string[], wanted: readonly string[]): readonly string[] {
  return [
    ...there.filter((id) => !wanted.includes(id)).map((id) => `${what} ${id} has no owner`),
    ...wanted.filter((id) => !there.includes(id)).map((id) => `${what} ${id} is missing`),
  ];
}

const namesOf = (nodes: readonly NodeRow[]): string => nodes.map(({ name }) => name).join(', ');

function describeBay(bay: BayRow | undefined): string {
  return `${bay?.name ?? ''} is ${bay?.status ?? ''} (${bay?.status_reason ?? 'no reason'})`;
}
