import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ReadinessProbe } from '@baykeeper/platform';
import {
  Artifacts,
  AuditTrail,
  Baymodels,
  Bays,
  CatalogueAdministration,
  Certificates,
  Credentials,
  Dashboard,
  Keypairs,
  NodeEnrolment,
  NodeGroups,
  Previews,
  Quotas,
  Rotations,
} from '@baykeeper/services';
import { ApiSettings } from './api-settings.js';
import { ArtifactsController } from './artifacts/artifacts.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { BayEvents } from './bays/bay-events.js';
import { BayRecords } from './bays/bay-records.js';
import { BayResourcesController } from './bays/bay-resources.controller.js';
import { RenderedItems } from './bays/rendered-items.js';
import { PreviewsController } from './bays/previews.controller.js';
import { BaysController, ClustersController } from './bays/bays.controller.js';
import { BaymodelsController, ClusterTemplatesController } from './baymodels/baymodels.controller.js';
import { EventsController } from './events/events.controller.js';
import { EventStreams } from './events/event-streams.js';
import { ProjectEvents } from './events/project-events.js';
import { FlavorsController, ImagesController, NetworksController } from './catalogue/catalogue.controller.js';
import { BayCertificatesController } from './certificates/bay-certificates.controller.js';
import { CertificatesController } from './certificates/certificates.controller.js';
import { BayPicturesController } from './dashboard/bay-pictures.controller.js';
import { DashboardController } from './dashboard/dashboard.controller.js';
import { DashboardSite } from './dashboard/dashboard-site.js';
import { SessionController } from './dashboard/session.controller.js';
import { SiteController } from './dashboard/site.controller.js';
import { DiscoveryController } from './documents/discovery.controller.js';
import { DocumentsController, OpenapiHolder } from './documents/documents.controller.js';
import { IDENTITY_CONTROLLERS } from './identity/identity-controllers.js';
import { SessionService } from './dashboard/session-service.js';
import { IdentityService } from './identity/identity-service.js';
import { KeypairsController } from './keypairs/keypairs.controller.js';
import { NodesController } from './nodes/nodes.controller.js';
import { ProcessesController, ProcessRecords } from './processes/processes.controller.js';
import { BayNodeGroupsController, ClusterNodeGroupsController } from './node-groups/node-groups.controller.js';
import { FederationsController } from './federations/federations.controller.js';
import { RotationsController } from './certificates/rotations.controller.js';
import { QuotasController } from './quotas/quotas.controller.js';
import { HealthController, MetricsText } from './operations/health.controller.js';

/** What controllers are made with. Every one of them lives as long as the process. */
export interface ApiParts {
  readonly settings: ApiSettings;
  readonly baymodels: Baymodels;
  readonly bays: Bays;
  readonly catalogue: CatalogueAdministration;
  readonly keypairs: Keypairs;
  readonly certificates: Certificates;
  readonly credentials: Credentials;
  readonly dashboard: Dashboard;
  readonly site: DashboardSite;
  readonly enrolment: NodeEnrolment;
  readonly records: BayRecords;
  readonly quotas: Quotas;
  readonly groups: NodeGroups;
  readonly previews: Previews;
  readonly rotations: Rotations;
  readonly processes: ProcessRecords;
  readonly artifacts: Artifacts;
  readonly audit: AuditTrail;
  readonly events: BayEvents;
  readonly projectEvents: ProjectEvents;
  /** Those of both. */
  readonly streams: EventStreams;
  readonly identity: IdentityService;
  readonly sessions: SessionService;
  readonly readiness: ReadinessProbe;
  readonly metrics: MetricsText;
}

@Module({})
export class ApiModule {
  static with(parts: ApiParts): DynamicModule {
    const providers: Provider[] = [
      OpenapiHolder,
      { provide: DashboardSite, useValue: parts.site },
      { provide: ApiSettings, useValue: parts.settings },
      { provide: Baymodels, useValue: parts.baymodels },
      { provide: Bays, useValue: parts.bays },
      { provide: CatalogueAdministration, useValue: parts.catalogue },
      { provide: Keypairs, useValue: parts.keypairs },
      { provide: Certificates, useValue: parts.certificates },
      { provide: Credentials, useValue: parts.credentials },
      { provide: Dashboard, useValue: parts.dashboard },
      { provide: NodeEnrolment, useValue: parts.enrolment },
      RenderedItems,
      { provide: BayRecords, useValue: parts.records },
      { provide: Quotas, useValue: parts.quotas },
      { provide: NodeGroups, useValue: parts.groups },
      { provide: Previews, useValue: parts.previews },
      { provide: Rotations, useValue: parts.rotations },
      { provide: ProcessRecords, useValue: parts.processes },
      { provide: Artifacts, useValue: parts.artifacts },
      { provide: AuditTrail, useValue: parts.audit },
      { provide: BayEvents, useValue: parts.events },
      { provide: ProjectEvents, useValue: parts.projectEvents },
      { provide: EventStreams, useValue: parts.streams },
      { provide: IdentityService, useValue: parts.identity },
      { provide: SessionService, useValue: parts.sessions },
      { provide: ReadinessProbe, useValue: parts.readiness },
      { provide: MetricsText, useValue: parts.metrics },
    ];
    return {
      module: ApiModule,
      controllers: [
        DiscoveryController,
        DocumentsController,
        HealthController,
        ...IDENTITY_CONTROLLERS,
        BaymodelsController,
        ClusterTemplatesController,
        BayResourcesController,
        PreviewsController,
        EventsController,
        BaysController,
        ClustersController,
        FlavorsController,
        ImagesController,
        NetworksController,
        KeypairsController,
        CertificatesController,
        BayCertificatesController,
        BayNodeGroupsController,
        ClusterNodeGroupsController,
        RotationsController,
        FederationsController,
        QuotasController,
        ProcessesController,
        ArtifactsController,
        AuditController,
        DashboardController,
        BayPicturesController,
        SessionController,
        SiteController,
        NodesController,
      ],
      providers,
    };
  }
}
