import type { ProjectId } from '@baykeeper/domain';
import type { AuditEntry, AuditFilters, Database } from '@baykeeper/storage';
import { forbidden, isAdministrator, type Caller } from '../caller.js';

export interface AuditQuestion extends AuditFilters {
  readonly limit: number;
  /** Only entries before this one; null: from the latest on. */
  readonly before: number | null;
  readonly allProjects: boolean;
  /** Another project than the caller's own. */
  readonly projectId: string | null;
}

/** Reads what `recordAudit` wrote. Nothing changes or removes an entry but its age. */
export class AuditTrail {
  constructor(private readonly database: Pick<Database, 'stores'>) {}

  /** The latest first. @throws BaykeeperError `forbidden` for other projects' entries */
  list(caller: Caller, { allProjects, projectId, ...question }: AuditQuestion): Promise<readonly AuditEntry[]> {
    const isForeign = allProjects || (projectId !== null && projectId !== caller.projectId);
    if (isForeign && !isAdministrator(caller)) throw forbidden('audit:get_all');
    const own = (projectId ?? caller.projectId) as ProjectId;
    return this.database.stores.audit.list(allProjects && projectId === null ? null : own, question);
  }
}
