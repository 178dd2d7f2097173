import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { ProjectId, UserId } from '@baykeeper/domain';
import type { AccessRule, ApplicationCredentialRecord } from '../contracts/tokens.js';
import {
  BOOLEAN,
  CREATION_TIME,
  JSON_DOCUMENT_OR_NULL,
  TEXT,
  TEXTS,
  TEXT_OR_NULL,
  TIME_OR_NULL,
} from './column-types.js';
import { ProjectEntity } from './project.entity.js';
import { UserEntity } from './user.entity.js';

@Entity('application_credentials')
@Unique(['userId', 'name'])
export class ApplicationCredentialEntity implements ApplicationCredentialRecord {
  @PrimaryColumn(TEXT) id!: string;
  @ForeignKey(() => UserEntity, { onDelete: 'CASCADE' })
  @Column(TEXT)
  userId!: UserId;
  @ForeignKey(() => ProjectEntity, { onDelete: 'CASCADE' })
  @Index('application_credentials_project_id_idx')
  @Column(TEXT)
  projectId!: ProjectId;
  @Column(TEXT) name!: string;
  @Column(TEXT_OR_NULL) description!: string | null;
  @Column(TEXT) secretHash!: string;
  @Column(TEXTS) roles!: string[];
  @Column(BOOLEAN) unrestricted!: boolean;
  @Column(JSON_DOCUMENT_OR_NULL) accessRules!: AccessRule[] | null;
  @Column(TIME_OR_NULL) expiresAt!: Date | null;
  @Column(CREATION_TIME) createdAt!: Date;
}
