import { Column, Entity, Generated, Index, PrimaryColumn, Unique } from 'typeorm';
import type { BayId, NodeId, ProjectId, UserId } from '@baykeeper/domain';
import type { CertificateRecord } from '../contracts/certificates.js';
import { CREATION_TIME, SEQUENCE, TEXT, TEXT_OR_NULL, TIME, TIME_OR_NULL, UUID, UUID_OR_NULL } from './column-types.js';

/** No foreign keys: the list of what was issued and revoked outlives bays, nodes, users and projects. */
@Entity('certificates')
@Unique(['bayId', 'serial'])
@Index('certificates_node_id_idx', ['nodeId'])
@Index('certificates_client_not_after_idx', ['projectId', 'notAfter'], {
  where: "revoked_at IS NULL AND kind = 'client'",
})
@Index('certificates_bay_id_not_after_idx', ['bayId', 'notAfter', 'serial'], { where: 'revoked_at IS NULL' })
@Index('certificates_not_after_idx', ['notAfter'], { where: 'revoked_at IS NULL AND node_id IS NOT NULL' })
export class CertificateEntity implements CertificateRecord {
  @PrimaryColumn({ ...SEQUENCE, select: false }) @Generated('increment') sequence?: number;
  @Column(UUID) bayId!: BayId;
  @Column(TEXT) projectId!: ProjectId;
  @Column(TEXT) serial!: string;
  @Column(TEXT) subject!: string;
  @Column(TEXT) kind!: 'node' | 'client';
  @Column(UUID_OR_NULL) nodeId!: NodeId | null;
  @Column(TEXT_OR_NULL) userId!: UserId | null;
  @Column(TIME) notAfter!: Date;
  @Column(CREATION_TIME) issuedAt!: Date;
  @Column(TIME_OR_NULL) revokedAt!: Date | null;
}
