import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { ProjectId, UserId } from '@baykeeper/domain';
import type { UserRecord } from '../contracts/identity.js';
import { BOOLEAN, CREATION_TIME, INTEGER, TEXT, TEXT_OR_NULL, TIME_OR_NULL } from './column-types.js';
import { ProjectEntity } from './project.entity.js';

@Entity('users')
@Unique(['name'])
export class UserEntity implements UserRecord {
  @PrimaryColumn(TEXT) id!: UserId;
  @Column(TEXT) name!: string;
  @Column(TEXT) passwordHash!: string;
  @ForeignKey(() => ProjectEntity, { onDelete: 'SET NULL' })
  @Column(TEXT_OR_NULL)
  defaultProjectId!: ProjectId | null;
  @Column({ ...BOOLEAN, default: true }) enabled!: boolean;
  @Column(TEXT_OR_NULL) description!: string | null;
  @Column(TEXT_OR_NULL) email!: string | null;
  @Column(CREATION_TIME) createdAt!: Date;
  @Column({ ...INTEGER, default: 0 }) failedLogins!: number;
  @Column(TIME_OR_NULL) lockedUntil!: Date | null;
}
