import { publicMessageOf, type Bay, type Listener, type LoadBalancer, type Log, type NodeId } from '@baykeeper/domain';
import type { LoadBalancerDriver, LoadBalancerView } from '@baykeeper/drivers';
import type { BayView } from '@baykeeper/services';
import type { Database, ListedMember } from '@baykeeper/storage';
import { nodeBody } from './bay.bodies.js';

/** Milliseconds; a balancer that is slower to answer is shown with unknown health instead. */
const HEALTH_TIMEOUT = 2_000;

/** Reads what hangs on a bay. Only for bays that the caller was found to see. */
export class BayRecords {
  constructor(
    private readonly database: Pick<Database, 'stores'>,
    private readonly balancers: Pick<LoadBalancerDriver, 'list'>,
    private readonly installation: string,
    private readonly log: Log,
  ) {}

  /** @param page null: all of them */
  async nodesOf({ bay, groups }: BayView, page: { readonly limit: number; readonly after: NodeId | null } | null) {
    const names = new Map(groups.map((group) => [group.id, group.name]));
    const { nodes: store } = this.database.stores;
    const scope = { projectId: bay.projectId };
    const nodes = await (page === null ? store.listByBay(scope, bay.id) : store.pageByBay(scope, bay.id, page));
    return nodes.map((node) => nodeBody(node, names.get(node.nodeGroupId) ?? node.role));
  }

  async loadBalancersOf(bay: Bay) {
    const { loadBalancers } = this.database.stores;
    const scope = { projectId: bay.projectId };
    const row = await loadBalancers.findByBay(scope, bay.id);
    if (row === null || row.removedAt !== null) return [];
    const [members, view] = await Promise.all([loadBalancers.listMembers(scope, row.id), this.askDriver(row)]);
    return [
      {
        uuid: row.id,
        address: row.address,
        listeners: row.listeners.map((listener) => listenerBody(listener, members, view)),
      },
    ];
  }

  /** Null when the driver can't say, or not in time. */
  private async askDriver(row: LoadBalancer): Promise<LoadBalancerView | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, HEALTH_TIMEOUT, null);
    });
    try {
      const views = await Promise.race([this.balancers.list(this.installation), late]);
      return views?.find((view) => view.id === row.id) ?? null;
    } catch (error) {
      this.log.warn({ bayId: row.bayId, reason: publicMessageOf(error) }, 'showing a load balancer without its health');
      return null;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The members that were written last; their health from the driver where it knows them. */
function listenerBody(listener: Listener, members: readonly ListedMember[], view: LoadBalancerView | null) {
  const seen = view?.listeners.find(({ name }) => name === listener.name)?.members ?? [];
  const health = new Map(seen.map((member) => [member.nodeId, member.health]));
  return {
    name: listener.name,
    port: listener.port,
    members: members
      .filter((member) => member.listener === listener.name)
      .map((member) => ({
        name: member.name,
        node_uuid: member.nodeId,
        address: member.address,
        port: member.port,
        health: health.get(member.nodeId) ?? ('unknown' as const),
      })),
  };
}
