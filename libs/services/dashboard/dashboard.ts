/** What a tenant sees first: its bays and how far they are, its quota, what happened last, what ends soon. */
import type { Bay, BayId, BayStatus } from '@baykeeper/domain';
import type { BayCard, Database, ExpiringCertificate, GroupPicture, ProjectEvent } from '@baykeeper/storage';
import type { Caller } from '../caller.js';
import type { Quotas, ResourceUsage } from '../quotas/quotas.js';

/** Days before its end at which a certificate is shown. */
const SOON_DAYS = 30;
const EVENTS = 20;
/** Nodes of a group that are drawn one by one. */
const NODES_DRAWN = 60;
const CERTIFICATES = 20;

export interface DashboardView {
  readonly project: { readonly id: string; readonly name: string };
  readonly counts: ReadonlyMap<BayStatus, number>;
  readonly cards: readonly BayCard[];
  readonly usage: readonly ResourceUsage[];
  readonly events: readonly ProjectEvent[];
  readonly certificates: readonly ExpiringCertificate[];
}

export interface DashboardDependencies {
  readonly database: Pick<Database, 'stores'>;
  readonly quotas: Pick<Quotas, 'usage'>;
  readonly now: () => Date;
}

export class Dashboard {
  constructor(private readonly dependencies: DashboardDependencies) {}

  /** @param bay one that was found for its caller */
  drawGroups(bay: Bay): Promise<readonly GroupPicture[]> {
    const { dashboards } = this.dependencies.database.stores;
    return dashboards.drawGroups({ projectId: bay.projectId }, bay.id, NODES_DRAWN);
  }

  /** Of the caller's own project, whoever it is. @param page.after the last bay seen, one of that project's */
  async overview(
    caller: Caller,
    page: { readonly limit: number; readonly after: BayId | null },
  ): Promise<DashboardView> {
    const { database, quotas, now } = this.dependencies;
    const { dashboards, projects } = database.stores;
    const scope = { projectId: caller.projectId };
    const soon = new Date(now().getTime() + SOON_DAYS * 86_400_000);
    const [project, counts, cards, usage, events, certificates] = await Promise.all([
      projects.findById(caller.projectId),
      dashboards.countByStatus(scope),
      dashboards.listCards(scope, page),
      quotas.usage(caller, null),
      dashboards.listEvents(scope, EVENTS),
      dashboards.listExpiring(scope, soon, CERTIFICATES),
    ]);
    const { projectId } = caller;
    return { project: { id: projectId, name: project?.name ?? projectId }, counts, cards, usage, events, certificates };
  }
}
