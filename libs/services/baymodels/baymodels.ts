/** The rules of baymodels: who sees, makes, changes and deletes them. Storage keeps them, the API names their fields. */
import { randomUUID } from 'node:crypto';
import {
  BaykeeperError,
  type Baymodel,
  type BaymodelFields,
  type BaymodelId,
  type EngineName,
} from '@baykeeper/domain';
import type { BaymodelReferences, Database, Page, Stores } from '@baykeeper/storage';
import { auditEntry, recordAudit, type AuditedAction } from '../audit/record-audit.js';
import { findForCaller, forbidden, isAdministrator, visibleScope, type Caller } from '../caller.js';
import { refuseProblems, type Catalogue, type Engines } from '../catalogue/catalogue.js';
import { findEntries, referencesOf } from '../catalogue/check-references.js';
import type { DefaultQuotas } from '../quotas/check-quota.js';
import { openRoomForTemplates, type RoomForTemplates } from '../quotas/room-for-templates.js';
import { applyPatch, parsePatch } from '../validation/json-patch.js';
import { parseBody } from '../validation/parse.js';
import { randomName } from '../validation/random-name.js';
import { invalidInput, showName } from '../validation/refuse.js';
import { clusterTemplateSchema, type BaymodelBody } from './baymodel.schema.js';
import { BAYMODEL_PATCH_RULES, changedFields, documentOf, fieldsOfBody } from './baymodel.wire.js';

/** What each engine's nodes use when a template names nothing (Magnum's defaults). */
const NETWORK_DRIVERS: Readonly<Record<EngineName, string>> = {
  swarm: 'docker',
  kubernetes: 'flannel',
  mesos: 'docker',
  nomad: 'docker',
};
/** GiB that Docker's devicemapper needs at least (Magnum). */
const DEVICEMAPPER_SIZE = 3;

export interface BaymodelsDependencies {
  readonly database: Database;
  readonly engines: Engines;
  readonly catalogue: Catalogue;
  readonly quotas: DefaultQuotas;
}

/** Fields that are checked, and the rows of the catalogue that they mean. */
export interface CompleteBaymodel {
  readonly fields: BaymodelFields;
  readonly refs: BaymodelReferences;
}

export class Baymodels {
  private readonly room: RoomForTemplates;

  constructor(private readonly dependencies: BaymodelsDependencies) {
    this.room = openRoomForTemplates(dependencies.database, dependencies.quotas);
  }

  /**
   * @param suffix of the random name: `template` or `model`
   * @throws BaykeeperError `forbidden` when the project has as many as it may
   */
  async create(caller: Caller, body: BaymodelBody, suffix: string): Promise<Baymodel> {
    const given = fieldsOfBody(body, body.name ?? randomName(suffix));
    const { projectId, userId } = caller;
    const id = await this.idFor(caller, body.uuid);
    return this.dependencies.catalogue.entries.retried(async () => {
      const { fields, refs } = await this.complete(caller, given);
      if ((fields.public || fields.hidden) && !isAdministrator(caller)) throw forbidden('clustertemplate:publish');
      const audit = auditEntry(caller, {
        action: 'clustertemplate:create',
        target: targetOf({ id, name: fields.name, projectId }),
      });
      return this.room.insert(projectId, ({ baymodels }) =>
        baymodels.insert({ projectId }, { fields, refs, id, projectId, userId }, audit),
      );
    });
  }

  async list(caller: Caller, page: Page): Promise<readonly Baymodel[]> {
    return this.stores.baymodels.list(visibleScope(caller), page);
  }

  /** @throws BaykeeperError `not-found`, `conflict` when several have the name. */
  async show(caller: Caller, ident: string): Promise<Baymodel> {
    return findVisibleBaymodel(this.stores, caller, ident);
  }

  /** @param body a JSON patch, not looked at yet: its form is checked before the lookup (Magnum) */
  async update(caller: Caller, ident: string, body: unknown): Promise<Baymodel> {
    const operations = parsePatch(body);
    const before = await this.show(caller, ident);
    this.mustOwn(caller, before, 'clustertemplate:update');

    const patched = applyPatch(documentOf(before), operations, BAYMODEL_PATCH_RULES);
    const read = parseBody(clusterTemplateSchema, patched);
    const given = fieldsOfBody(read, read.name ?? randomName('template'));
    return this.dependencies.catalogue.entries.retried(() => this.replace(caller, before, given));
  }

  private async replace(caller: Caller, before: Baymodel, given: BaymodelFields): Promise<Baymodel> {
    const { fields: after, refs } = await this.complete(caller, given, given.clusterDistro);
    const changed = changedFields(before, after);
    if ((changed.includes('public') || changed.includes('hidden')) && !isAdministrator(caller)) {
      throw forbidden('clustertemplate:publish');
    }
    if (!isAllowedInUse(changed, after) && (await this.stores.baymodels.isReferenced(before.id))) {
      throw invalidInput(
        `ClusterTemplate ${before.id} is referenced by one or multiple clusters: make a new one instead.`,
      );
    }
    if (changed.length === 0) return before;
    return this.dependencies.database.transaction(async (stores) => {
      const made = await stores.baymodels.update({ projectId: before.projectId }, before.id, after, refs);
      await recordTemplate(stores, caller, 'clustertemplate:update', made, `Changed: ${changed.join(', ')}.`);
      return made;
    });
  }

  async remove(caller: Caller, ident: string): Promise<void> {
    const baymodel = await this.show(caller, ident);
    this.mustOwn(caller, baymodel, 'clustertemplate:delete');
    if (await this.stores.baymodels.isReferenced(baymodel.id)) throw inUse(baymodel.id);
    const removal = this.dependencies.database.transaction(async (stores) => {
      await stores.baymodels.remove({ projectId: baymodel.projectId }, baymodel.id);
      await recordTemplate(stores, caller, 'clustertemplate:delete', baymodel);
    });
    await removal.catch((error: unknown) => {
      // A bay was made from it since it was looked at.
      if (error instanceof BaykeeperError && error.code === 'conflict') throw inUse(baymodel.id);
      throw error;
    });
  }

  /**
   * Fills in what follows from the image and the engine, and refuses what they and the catalogue do not offer.
   * @param fields the caller's own: they are filled in where they are (a copy of so many is made by the slow way)
   */
  async complete(caller: Caller, fields: BaymodelFields, distribution?: string | null): Promise<CompleteBaymodel> {
    const { catalogue, engines } = this.dependencies;
    if (!engines.engineNames.includes(fields.coe)) {
      throw invalidInput(`Cluster type ${fields.coe} is not supported: give one of ${engines.engineNames.join(', ')}.`);
    }
    if (!catalogue.serverTypes.includes(fields.serverType)) {
      throw invalidInput(
        `Server type ${fields.serverType} is not supported: give ${catalogue.serverTypes.join(' or ')}.`,
      );
    }
    if (fields.dockerStorageDriver === 'devicemapper' && (fields.dockerVolumeSize ?? 0) < DEVICEMAPPER_SIZE) {
      throw invalidInput(`devicemapper needs a docker_volume_size of at least ${DEVICEMAPPER_SIZE} GiB: give it.`);
    }
    const found = await findEntries(catalogue.entries, caller, fields);
    const driver = fields.driver ?? found.image.properties.magnum_driver ?? fields.coe;
    if (driver !== fields.coe) {
      throw invalidInput(
        `The driver of a ${fields.coe} template is ${fields.coe}, not ${showName(driver)}: give that.`,
      );
    }
    const complete: BaymodelFields = Object.assign(fields, {
      networkDriver: fields.networkDriver ?? NETWORK_DRIVERS[fields.coe],
      clusterDistro: distribution ?? found.image.osDistro,
      driver,
    });
    refuseProblems(engines.engine(fields.coe).checkBaymodel(complete, catalogue.machineSubnets));
    return { fields: complete, refs: referencesOf(found) };
  }

  /**
   * The id of a new baymodel. A uuid is the whole installation's, so whether a chosen one is free would tell a tenant what
   * other projects have: only who sees all of them chooses. A tenant's choice is read and not used, as a cluster's is.
   */
  private async idFor(caller: Caller, chosen: string | undefined): Promise<BaymodelId> {
    if (chosen === undefined) return randomUUID() as BaymodelId;
    if (isAdministrator(caller)) return chosen as BaymodelId;
    if (await this.canSee(caller, chosen)) {
      throw new BaykeeperError({
        code: 'conflict',
        publicMessage: `A ClusterTemplate with UUID ${chosen} already exists: choose another, or leave it out.`,
      });
    }
    return randomUUID() as BaymodelId;
  }

  private async canSee(caller: Caller, id: string): Promise<boolean> {
    try {
      await this.show(caller, id);
      return true;
    } catch (error) {
      if (!(error instanceof BaykeeperError) || error.code !== 'not-found') throw error;
      return false;
    }
  }

  private get stores(): Stores {
    return this.dependencies.database.stores;
  }

  private mustOwn(caller: Caller, baymodel: Baymodel, rule: string): void {
    if (baymodel.projectId !== caller.projectId && !isAdministrator(caller)) throw forbidden(rule);
  }
}

/** One the caller may see: own, public, any for an administrator. A hidden one is as good as absent for other projects. */
export async function findVisibleBaymodel(stores: Stores, caller: Caller, ident: string): Promise<Baymodel> {
  const baymodel = await findForCaller(caller, (scope) => stores.baymodels.find(scope, ident));
  const mayNotSee = baymodel.hidden && baymodel.projectId !== caller.projectId && !isAdministrator(caller);
  if (mayNotSee) {
    throw new BaykeeperError({
      code: 'not-found',
      publicMessage: `ClusterTemplate ${ident} could not be found: check the name, or list what there is.`,
    });
  }
  return baymodel;
}

/** Of a template that bays were made from, one of these may change at a time (Magnum). */
function isAllowedInUse(changed: readonly string[], after: BaymodelFields): boolean {
  const [field] = changed;
  if (changed.length !== 1) return false;
  return (
    field === 'name' ||
    field === 'hidden' ||
    (field === 'public' && after.public) ||
    (field === 'tags' && after.tags !== null)
  );
}

async function recordTemplate(
  stores: Stores,
  caller: Caller,
  action: string,
  baymodel: Baymodel,
  detail?: string,
): Promise<void> {
  await recordAudit(stores, caller, { action, target: targetOf(baymodel), ...(detail !== undefined && { detail }) });
}

function targetOf({ id, name, projectId }: Pick<Baymodel, 'id' | 'name' | 'projectId'>): AuditedAction['target'] {
  return { kind: 'clustertemplate', id, name, projectId };
}

function inUse(id: BaymodelId): BaykeeperError {
  return invalidInput(`ClusterTemplate ${id} is referenced by one or multiple clusters: delete those first.`);
}
