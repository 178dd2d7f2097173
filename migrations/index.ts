import { CreateIdentity1795399200000 } from './1795399200000-create-identity.js';
import { CreateBays1795399260000 } from './1795399260000-create-bays.js';
import { CreateNodes1795399320000 } from './1795399320000-create-nodes.js';
import { CreateRecords1795399380000 } from './1795399380000-create-records.js';
import { CreateAudit1795399440000 } from './1795399440000-create-audit.js';
import { ExtendIdentity1795399500000 } from './1795399500000-extend-identity.js';
import { CreateCatalogue1795399560000 } from './1795399560000-create-catalogue.js';
import { CountEngineStarts1795399680000 } from './1795399680000-count-engine-starts.js';
import { CreateQuotas1795399620000 } from './1795399620000-create-quotas.js';
import { ExtendNodeGroups1795399740000 } from './1795399740000-extend-node-groups.js';
import { IndexExpiry1795401000000 } from './1795401000000-index-expiry.js';
import { TraceOutbox1795401060000 } from './1795401060000-trace-outbox.js';
import { IndexOpenOperations1795401120000 } from './1795401120000-index-open-operations.js';
import { NoteUnreadyNodes1795433100000 } from './1795433100000-note-unready-nodes.js';
import { DateNodes1795442000000 } from './1795442000000-date-nodes.js';
import { IndexMasters1795443000000 } from './1795443000000-index-masters.js';
import { KeepNetworkDrivers1795446000000 } from './1795446000000-keep-network-drivers.js';
import { KeepMembersInRows1795433160000 } from './1795433160000-keep-members-in-rows.js';
import { OrderProjectEvents1795441000000 } from './1795441000000-order-project-events.js';
import { IndexCertificatesOfBays1795441060000 } from './1795441060000-index-certificates-of-bays.js';
import { FoldAuditEntries1795400400000 } from './1795400400000-fold-audit-entries.js';
import { IndexDashboards1795402000000 } from './1795402000000-index-dashboards.js';

/** In the order in which they run. A migration that was released is never edited: the next one changes what it made,
 * and leaves the version before it working (`side-by-side.ts`).
 */
export const MIGRATIONS = [
  CreateIdentity1795399200000,
  CreateBays1795399260000,
  CreateNodes1795399320000,
  CreateRecords1795399380000,
  CreateAudit1795399440000,
  ExtendIdentity1795399500000,
  CreateCatalogue1795399560000,
  CreateQuotas1795399620000,
  CountEngineStarts1795399680000,
  ExtendNodeGroups1795399740000,
  FoldAuditEntries1795400400000,
  IndexExpiry1795401000000,
  TraceOutbox1795401060000,
  IndexOpenOperations1795401120000,
  IndexDashboards1795402000000,
  NoteUnreadyNodes1795433100000,
  KeepMembersInRows1795433160000,
  OrderProjectEvents1795441000000,
  IndexCertificatesOfBays1795441060000,
  DateNodes1795442000000,
  IndexMasters1795443000000,
  KeepNetworkDrivers1795446000000,
];
