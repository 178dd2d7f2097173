/** How much projects may have, and have: Magnum's quotas and statistics. */
import { BaykeeperError, type ProjectId } from '@baykeeper/domain';
import {
  QUOTA_RESOURCES,
  type Database,
  type QuotaPage,
  type QuotaRecord,
  type QuotaResource,
  type Stores,
} from '@baykeeper/storage';
import { recordAudit } from '../audit/record-audit.js';
import { forbidden, isAdministrator, type Caller } from '../caller.js';
import { invalidInput, showName } from '../validation/refuse.js';
import type { DefaultQuotas } from './check-quota.js';

export interface QuotasDependencies {
  readonly database: Database;
  readonly defaults: DefaultQuotas;
  /** Asks where projects come from, if that is not here: one may have a quota before anybody of it was here. */
  readonly findProject?: ((id: string) => Promise<boolean>) | null;
}

/** A resource with its limit and what is in use. */
export interface ResourceUsage {
  readonly resource: QuotaResource;
  readonly hardLimit: number;
  readonly inUse: number;
  /** Nobody set a quota for the project. */
  readonly isDefault: boolean;
}

export class Quotas {
  constructor(private readonly dependencies: QuotasDependencies) {}

  /**
   * The quota that was set; else the default.
   * @param resource any text: what is no resource of ours has the default of clusters (Magnum)
   * @throws BaykeeperError `forbidden` for another project's
   */
  async show(
    caller: Caller,
    projectId: string,
    resource: string,
  ): Promise<QuotaRecord | Pick<QuotaRecord, 'projectId' | 'resource' | 'hardLimit'>> {
    mayLookAt(caller, projectId, 'quota:get');
    const known = resourceOf(resource);
    const quota = known === null ? null : await this.stores.quotas.find(projectId as ProjectId, known);
    if (quota !== null) return quota;
    const name = known ?? 'Cluster';
    return { projectId: projectId as ProjectId, resource: name, hardLimit: this.dependencies.defaults[name] };
  }

  /** @param allProjects else the caller's own */
  list(caller: Caller, page: QuotaPage, allProjects: boolean): Promise<readonly QuotaRecord[]> {
    return this.stores.quotas.list(allProjects ? null : caller.projectId, page);
  }

  /** @throws BaykeeperError `not-found` for an unknown project; `conflict` when it has one */
  async create(
    caller: Caller,
    quota: { readonly projectId: string; readonly resource: QuotaResource; readonly hardLimit: number },
  ): Promise<QuotaRecord> {
    const projectId = quota.projectId as ProjectId;
    if (!(await this.hasProject(projectId))) {
      throw new BaykeeperError({
        code: 'not-found',
        publicMessage: `Project ${showName(projectId)} could not be found: give the id of a project that exists.`,
      });
    }
    return this.dependencies.database.transaction(async (stores) => {
      if ((await stores.quotas.find(projectId, quota.resource)) !== null) {
        throw new BaykeeperError({
          code: 'conflict',
          publicMessage: `Quota for project ${projectId} already exists for resource ${quota.resource}: update it instead.`,
        });
      }
      const made = await stores.quotas.insert({ ...quota, projectId });
      await recordQuota(stores, caller, 'quota:create', made);
      return made;
    });
  }

  /** @param hardLimit undefined leaves it as it is. @throws BaykeeperError `not-found` when there is none */
  setLimit(caller: Caller, projectId: string, resource: string, hardLimit: number | undefined): Promise<QuotaRecord> {
    return this.dependencies.database.transaction(async (stores) => {
      const known = resourceOf(resource);
      const before = known === null ? null : await stores.quotas.find(projectId as ProjectId, known);
      if (before === null) throw missing(projectId, resource);
      if (hardLimit === undefined || hardLimit === before.hardLimit) return before;
      const after = await stores.quotas.setLimit(before.projectId, before.resource, hardLimit);
      if (after === null) throw missing(projectId, resource);
      await recordQuota(stores, caller, 'quota:update', after);
      return after;
    });
  }

  /** From then on the default holds. @throws BaykeeperError `not-found` when there is none */
  async remove(caller: Caller, projectId: string, resource: string): Promise<void> {
    await this.dependencies.database.transaction(async (stores) => {
      const known = resourceOf(resource);
      const quota = known === null ? null : await stores.quotas.find(projectId as ProjectId, known);
      if (quota === null || !(await stores.quotas.remove(quota.projectId, quota.resource)))
        throw missing(projectId, resource);
      await recordQuota(stores, caller, 'quota:delete', quota);
    });
  }

  /** @param projectId null: the caller's own. @throws BaykeeperError `forbidden` for another project's */
  async usage(caller: Caller, projectId: string | null): Promise<readonly ResourceUsage[]> {
    const wanted = projectId ?? caller.projectId;
    mayLookAt(caller, wanted, 'quota:get_usage');
    const { inUse, limits } = await this.stores.quotas.usage(wanted as ProjectId);
    return QUOTA_RESOURCES.map((resource) => ({
      resource,
      hardLimit: limits[resource] ?? this.dependencies.defaults[resource],
      inUse: inUse[resource],
      isDefault: limits[resource] === undefined,
    }));
  }

  /**
   * Bays and nodes (masters too) of a project; an administrator who names none counts everything.
   * @throws BaykeeperError `invalid-input` for another type than cluster; `forbidden` for another project's
   */
  countBays(
    caller: Caller,
    { projectId, type }: { readonly projectId: string | null; readonly type: string | null },
  ): Promise<{ readonly bays: number; readonly nodes: number }> {
    if (type !== null && type.toLowerCase() !== 'cluster')
      throw invalidInput(`Invalid stats type ${showName(type)}: give cluster or leave it out.`);
    if (projectId !== null) mayLookAt(caller, projectId, 'stats:get_all');
    const own = isAdministrator(caller) ? null : caller.projectId;
    return this.stores.quotas.countBays((projectId as ProjectId | null) ?? own);
  }

  private async hasProject(id: ProjectId): Promise<boolean> {
    if ((await this.stores.projects.findById(id)) !== null) return true;
    return (await this.dependencies.findProject?.(id)) ?? false;
  }

  private get stores(): Stores {
    return this.dependencies.database.stores;
  }
}

function resourceOf(text: string): QuotaResource | null {
  return QUOTA_RESOURCES.find((resource) => resource === text) ?? null;
}

function mayLookAt(caller: Caller, projectId: string, rule: string): void {
  if (projectId !== caller.projectId && !isAdministrator(caller)) throw forbidden(rule);
}

function missing(projectId: string, resource: string): BaykeeperError {
  return new BaykeeperError({
    code: 'not-found',
    publicMessage: `Quota could not be found for project ${showName(projectId)} and resource ${showName(resource)}: create it first.`,
  });
}

async function recordQuota(
  stores: Stores,
  caller: Caller,
  action: string,
  { projectId, resource, hardLimit }: QuotaRecord,
): Promise<void> {
  const target = { kind: 'project', id: projectId, projectId };
  await recordAudit(stores, caller, { action, target, detail: `${resource}: ${String(hardLimit)}.` });
}
