import { Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { ProjectId, UserId } from '@baykeeper/domain';
import { TEXT } from './column-types.js';
import { ProjectEntity } from './project.entity.js';
import { UserEntity } from './user.entity.js';

@Entity('role_assignments')
export class RoleAssignmentEntity {
  @ForeignKey(() => UserEntity, { onDelete: 'CASCADE' })
  @PrimaryColumn(TEXT)
  userId!: UserId;
  @ForeignKey(() => ProjectEntity, { onDelete: 'CASCADE' })
  @Index('role_assignments_project_id_idx')
  @PrimaryColumn(TEXT)
  projectId!: ProjectId;
  @PrimaryColumn(TEXT) role!: string;
}
