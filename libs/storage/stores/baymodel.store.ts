import type { Baymodel, BaymodelFields, BaymodelId } from '@baykeeper/domain';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { NewAuditEntry } from '../contracts/audit.js';
import type { BaymodelStore, NewBaymodel } from '../contracts/bays.js';
import type { BaymodelReferences } from '../contracts/catalogue.js';
import { BayEntity } from '../entities/bay.entity.js';
import { BaymodelEntity } from '../entities/baymodel.entity.js';
import type { Page } from '../page.js';
import { SYSTEM, type Scope } from '../scope.js';
import { listPage, type SortKeys } from './paging.js';
import { insertPrepared } from './prepared.js';
import { checkInsideScope, findByIdent, notFound, projectOf } from './scoping.js';
import { pick } from './sql.js';

// A record, so that the compiler finds a field that is missing here.
const FIELDS: Readonly<Record<keyof BaymodelFields, true>> = {
  name: true,
  coe: true,
  imageId: true,
  flavorId: true,
  masterFlavorId: true,
  keypairId: true,
  dnsNameserver: true,
  externalNetworkId: true,
  fixedNetwork: true,
  fixedSubnet: true,
  networkDriver: true,
  volumeDriver: true,
  apiserverPort: true,
  dockerVolumeSize: true,
  dockerStorageDriver: true,
  clusterDistro: true,
  httpProxy: true,
  httpsProxy: true,
  noProxy: true,
  insecureRegistry: true,
  registryEnabled: true,
  tlsDisabled: true,
  public: true,
  hidden: true,
  masterLbEnabled: true,
  floatingIpEnabled: true,
  serverType: true,
  labels: true,
  tags: true,
  driver: true,
};
const FIELD_NAMES = Object.keys(FIELDS) as (keyof BaymodelFields)[];

const SORT_KEYS: SortKeys<BaymodelEntity> = {
  id: 'sequence',
  uuid: 'id',
  name: 'name',
  coe: 'coe',
  image_id: 'imageId',
  flavor_id: 'flavorId',
  master_flavor_id: 'masterFlavorId',
  keypair_id: 'keypairId',
  dns_nameserver: 'dnsNameserver',
  external_network_id: 'externalNetworkId',
  fixed_network: 'fixedNetwork',
  fixed_subnet: 'fixedSubnet',
  network_driver: 'networkDriver',
  volume_driver: 'volumeDriver',
  apiserver_port: 'apiserverPort',
  docker_volume_size: 'dockerVolumeSize',
  docker_storage_driver: 'dockerStorageDriver',
  cluster_distro: 'clusterDistro',
  http_proxy: 'httpProxy',
  https_proxy: 'httpsProxy',
  no_proxy: 'noProxy',
  insecure_registry: 'insecureRegistry',
  registry_enabled: 'registryEnabled',
  tls_disabled: 'tlsDisabled',
  public: 'public',
  hidden: 'hidden',
  master_lb_enabled: 'masterLbEnabled',
  floating_ip_enabled: 'floatingIpEnabled',
  server_type: 'serverType',
  tags: 'tags',
  driver: 'driver',
  project_id: 'projectId',
  user_id: 'userId',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
};

export class PostgresBaymodelStore implements BaymodelStore {
  constructor(private readonly manager: EntityManager) {}

  async insert(scope: Scope, baymodel: NewBaymodel, audit?: NewAuditEntry): Promise<Baymodel> {
    checkInsideScope(scope, baymodel);
    const { fields, refs = {}, ...own } = baymodel;
    return insertPrepared(this.manager, BaymodelEntity, [own, fields, refs], audit);
  }

  find(scope: Scope, ident: string): Promise<Baymodel> {
    return findByIdent(this.visible(scope), 'ClusterTemplate', ident);
  }

  list(scope: Scope, page: Page): Promise<readonly Baymodel[]> {
    return listPage(this.visible(scope), page, SORT_KEYS);
  }

  async update(
    scope: Scope,
    id: BaymodelId,
    changes: Partial<BaymodelFields>,
    refs?: BaymodelReferences,
  ): Promise<Baymodel> {
    const { affected } = await this.manager
      .createQueryBuilder()
      .update(BaymodelEntity)
      .set({ ...pick(changes, FIELD_NAMES), ...refs, updatedAt: () => 'now()' })
      .where(OWN, { id, own: projectOf(scope) })
      .execute();
    if (affected !== 1) throw notFound('ClusterTemplate', id);
    return this.manager.findOneByOrFail(BaymodelEntity, { id });
  }

  async remove(scope: Scope, id: BaymodelId): Promise<void> {
    const { affected } = await this.manager
      .createQueryBuilder()
      .delete()
      .from(BaymodelEntity)
      .where(OWN, { id, own: projectOf(scope) })
      .execute();
    if (affected !== 1) throw notFound('ClusterTemplate', id);
  }

  isReferenced(id: BaymodelId): Promise<boolean> {
    return this.manager.existsBy(BayEntity, { baymodelId: id });
  }

  private visible(scope: Scope): SelectQueryBuilder<BaymodelEntity> {
    const query = this.manager.createQueryBuilder(BaymodelEntity, 'baymodel');
    if (scope === SYSTEM) return query;
    return query.where('(baymodel.projectId = :own OR (baymodel.public AND NOT baymodel.hidden))', {
      own: scope.projectId,
    });
  }
}

const OWN = 'id = :id AND (:own::text IS NULL OR project_id = :own::text)';
