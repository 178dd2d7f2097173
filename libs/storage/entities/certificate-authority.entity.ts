import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { BayId, CertificateAuthorityId, ProjectId } from '@baykeeper/domain';
import type { CertificateAuthorityRecord } from '../contracts/certificates.js';
import { BayEntity } from './bay.entity.js';
import { CREATION_TIME, TEXT, UUID } from './column-types.js';

@Entity('certificate_authorities')
@ForeignKey(() => BayEntity, ['bayId', 'projectId'], ['id', 'projectId'], { onDelete: 'CASCADE' })
@Unique(['bayId', 'purpose'])
export class CertificateAuthorityEntity implements CertificateAuthorityRecord {
  @PrimaryColumn(UUID) id!: CertificateAuthorityId;
  @Column(UUID) bayId!: BayId;
  @Column(TEXT) projectId!: ProjectId;
  @Column(TEXT) purpose!: string;
  @Column(TEXT) certificatePem!: string;
  @Column(TEXT) encryptedKey!: string;
  @Column(TEXT) wrappedKey!: string;
  @Column(CREATION_TIME) createdAt!: Date;
}
