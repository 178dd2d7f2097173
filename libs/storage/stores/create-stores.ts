import type { EntityManager } from 'typeorm';
import type { Stores } from '../contracts/stores.js';
import { withTranslatedErrors } from '../translate-errors.js';
import { PostgresApplicationCredentialStore } from './application-credential.store.js';
import { PostgresAuditStore } from './audit.store.js';
import { PostgresBayViewStore } from './bay-view.store.js';
import { PostgresBayStore } from './bay.store.js';
import { PostgresBaymodelStore } from './baymodel.store.js';
import { PostgresFlavorStore, PostgresImageStore, PostgresNetworkStore } from './catalogue-entry.stores.js';
import { PostgresCatalogueStore } from './catalogue.store.js';
import { PostgresCertificateAuthorityStore, PostgresCertificateStore } from './certificate.store.js';
import { PostgresDashboardStore } from './dashboard.store.js';
import { PostgresKeypairStore } from './keypair.store.js';
import { PostgresLoadBalancerStore } from './load-balancer.store.js';
import { PostgresMeasureStore } from './measure.store.js';
import { PostgresNodeGroupStore } from './node-group.store.js';
import { PostgresNodeStore } from './node.store.js';
import { PostgresProcessStore } from './process.store.js';
import { PostgresProjectStore } from './project.store.js';
import {
  PostgresEventStore,
  PostgresOperationStore,
  PostgresOutboxStore,
  PostgresSettingStore,
} from './record.stores.js';
import { PostgresQuotaStore } from './quota.store.js';
import { PostgresRoleAssignmentStore } from './role-assignment.store.js';
import { PostgresTokenStore } from './token.store.js';
import { PostgresUserStore } from './user.store.js';

/** Stores over one manager: the pool's, or a transaction's. */
export function createStores(manager: EntityManager): Stores {
  const bays = new PostgresBayStore(manager);
  return {
    settings: withTranslatedErrors(new PostgresSettingStore(manager)),
    projects: withTranslatedErrors(new PostgresProjectStore(manager)),
    users: withTranslatedErrors(new PostgresUserStore(manager)),
    roleAssignments: withTranslatedErrors(new PostgresRoleAssignmentStore(manager)),
    tokens: withTranslatedErrors(new PostgresTokenStore(manager)),
    applicationCredentials: withTranslatedErrors(new PostgresApplicationCredentialStore(manager)),
    flavors: withTranslatedErrors(new PostgresFlavorStore(manager)),
    images: withTranslatedErrors(new PostgresImageStore(manager)),
    networks: withTranslatedErrors(new PostgresNetworkStore(manager)),
    catalogue: withTranslatedErrors(new PostgresCatalogueStore(manager)),
    keypairs: withTranslatedErrors(new PostgresKeypairStore(manager)),
    baymodels: withTranslatedErrors(new PostgresBaymodelStore(manager)),
    bays: withTranslatedErrors(bays),
    bayViews: withTranslatedErrors(new PostgresBayViewStore(manager)),
    dashboards: withTranslatedErrors(new PostgresDashboardStore(manager)),
    nodeGroups: withTranslatedErrors(new PostgresNodeGroupStore(manager, bays)),
    nodes: withTranslatedErrors(new PostgresNodeStore(manager)),
    loadBalancers: withTranslatedErrors(new PostgresLoadBalancerStore(manager)),
    certificateAuthorities: withTranslatedErrors(new PostgresCertificateAuthorityStore(manager)),
    certificates: withTranslatedErrors(new PostgresCertificateStore(manager)),
    events: withTranslatedErrors(new PostgresEventStore(manager)),
    outbox: withTranslatedErrors(new PostgresOutboxStore(manager)),
    operations: withTranslatedErrors(new PostgresOperationStore(manager)),
    audit: withTranslatedErrors(new PostgresAuditStore(manager)),
    quotas: withTranslatedErrors(new PostgresQuotaStore(manager)),
    processes: withTranslatedErrors(new PostgresProcessStore(manager)),
    measures: withTranslatedErrors(new PostgresMeasureStore(manager)),
  };
}
