import { publicMessageOf, type Bay, type Listener, type LoadBalancer, type Log } from '@baykeeper/domain';
import type { LoadBalancerDriver, LoadBalancerView } from '@baykeeper/drivers';
import type { BayView } from '@baykeeper/services';
import type { Database } from '@baykeeper/storage';
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

  async nodesOf({ bay, groups }: BayView) {
    const names = new Map(groups.map((group) => [group.id, group.name]));
    const nodes = await this.database.stores.nodes.listByBay({ projectId: bay.projectId }, bay.id);
    return nodes.map((node) => nodeBody(node, names.get(node.nodeGroupId) ?? node.role));
  }

  async loadBalancersOf(bay: Bay) {
    const row = await this.database.stores.loadBalancers.findByBay({ projectId: bay.projectId }, bay.id);
    if (row === null || row.removedAt !== null) return [];
    const view = await this.askDriver(row);
    return [
      {
        uuid: row.id,
        address: row.address,
        listeners: row.listeners.map((listener) => listenerBody(listener, row, view)),
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
function listenerBody(listener: Listener, row: LoadBalancer, view: LoadBalancerView | null) {
  const seen = view?.listeners.find(({ name }) => name === listener.name)?.members ?? [];
  return {
    name: listener.name,
    port: listener.port,
    members: (row.members[listener.name] ?? []).map((member) => ({
      name: member.name,
      node_uuid: member.nodeId,
      address: member.address,
      port: member.port,
      health: seen.find(({ nodeId }) => nodeId === member.nodeId)?.health ?? 'unknown',
    })),
  };
}
