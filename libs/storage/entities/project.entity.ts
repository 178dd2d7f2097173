import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { ProjectId } from '@baykeeper/domain';
import type { ProjectRecord } from '../contracts/identity.js';
import { BOOLEAN, CREATION_TIME, TEXT } from './column-types.js';

@Entity('projects')
@Unique(['name'])
export class ProjectEntity implements ProjectRecord {
  @PrimaryColumn(TEXT) id!: ProjectId;
  @Column(TEXT) name!: string;
  @Column({ ...TEXT, default: '' }) description!: string;
  @Column({ ...BOOLEAN, default: true }) enabled!: boolean;
  @Column(CREATION_TIME) createdAt!: Date;
}
