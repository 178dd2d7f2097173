import { Column, Entity, ForeignKey, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { ProjectId } from '@baykeeper/domain';
import type { QuotaRecord, QuotaResource } from '../contracts/quotas.js';
import { CREATION_TIME, INTEGER, TEXT, TIME_OR_NULL } from './column-types.js';
import { ProjectEntity } from './project.entity.js';

@Entity('quotas')
@Unique(['projectId', 'resource'])
export class QuotaEntity implements QuotaRecord {
  @PrimaryGeneratedColumn(INTEGER) id!: number;
  @ForeignKey(() => ProjectEntity, { onDelete: 'CASCADE' })
  @Column(TEXT)
  projectId!: ProjectId;
  @Column(TEXT) resource!: QuotaResource;
  @Column(INTEGER) hardLimit!: number;
  @Column(CREATION_TIME) createdAt!: Date;
  @Column(TIME_OR_NULL) updatedAt!: Date | null;
}
