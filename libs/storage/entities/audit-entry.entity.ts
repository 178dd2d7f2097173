import { Column, Entity, Generated, Index, PrimaryColumn } from 'typeorm';
import type { ProjectId, UserId } from '@baykeeper/domain';
import type { AuditEntry } from '../contracts/audit.js';
import { CREATION_TIME, INTEGER, INTEGER_OR_NULL, SEQUENCE, TEXT, TEXT_OR_NULL } from './column-types.js';

/** Without foreign keys: what somebody did is told after user, project and target are gone, too. */
@Entity('audit_entries')
@Index('audit_entries_project_id_sequence_idx', ['projectId', 'sequence'])
export class AuditEntryEntity implements AuditEntry {
  @PrimaryColumn(SEQUENCE) @Generated('increment') sequence!: number;
  @Column(TEXT_OR_NULL) projectId!: ProjectId | null;
  @Column(TEXT_OR_NULL) userId!: UserId | null;
  @Column(TEXT_OR_NULL) userName!: string | null;
  @Column(TEXT) action!: string;
  @Column(TEXT) outcome!: AuditEntry['outcome'];
  @Column(TEXT_OR_NULL) targetKind!: string | null;
  @Column(TEXT_OR_NULL) targetId!: string | null;
  @Column(TEXT_OR_NULL) targetName!: string | null;
  @Column(TEXT_OR_NULL) detail!: string | null;
  @Column(TEXT_OR_NULL) requestId!: string | null;
  @Column(TEXT_OR_NULL) address!: string | null;
  @Column(INTEGER_OR_NULL) status!: number | null;
  @Column({ ...INTEGER, default: 1 }) count!: number;
  @Column(CREATION_TIME) at!: Date;
}
