import type { BayId, BaymodelId, Labels, Node, NodeRole } from '@baykeeper/domain';
import { SYSTEM, type Database, type Scope } from '@baykeeper/storage';
import type { BayView } from '@baykeeper/services';
import type { BayDetail } from './bay.bodies.js';

/** Reads what a bay's full body shows from other rows. Only for bays that the caller was found to see. */
export class BayDetails {
  constructor(private readonly database: Pick<Database, 'stores'>) {}

  async loadOne(view: BayView): Promise<BayDetail> {
    const [nodes, parentLabels] = await Promise.all([
      this.database.stores.nodes.listByBay({ projectId: view.bay.projectId }, view.bay.id),
      this.labelsOf(view.bay.baymodelId),
    ]);
    return { ...view, parentLabels, addresses: addressesOf(nodes) };
  }

  /** @param scope the one the bays were listed with */
  async load(scope: Scope, views: readonly BayView[]): Promise<readonly BayDetail[]> {
    const nodes = new Map<BayId, Node[]>(views.map(({ bay }) => [bay.id, []]));
    for (const node of await this.database.stores.nodes.listByBays(scope, [...nodes.keys()])) {
      nodes.get(node.bayId)?.push(node);
    }
    const models = [...new Set(views.map(({ bay }) => bay.baymodelId))];
    const labels = new Map(await Promise.all(models.map(async (id) => [id, await this.labelsOf(id)] as const)));
    return views.map((view) => ({
      ...view,
      parentLabels: labels.get(view.bay.baymodelId) ?? {},
      addresses: addressesOf(nodes.get(view.bay.id) ?? []),
    }));
  }

  /** A baymodel that bays were made from can't be deleted, so it is there; its project may be another one. */
  private async labelsOf(id: BaymodelId): Promise<Labels> {
    return (await this.database.stores.baymodels.find(SYSTEM, id)).labels;
  }
}

function addressesOf(nodes: readonly Node[]): Readonly<Record<NodeRole, readonly string[]>> {
  const addresses: Record<NodeRole, string[]> = { master: [], worker: [] };
  for (const node of nodes) {
    if (node.address !== null && node.removalRequestedAt === null) addresses[node.role].push(node.address);
  }
  return addresses;
}
