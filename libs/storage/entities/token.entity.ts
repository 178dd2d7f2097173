import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { ProjectId, UserId } from '@baykeeper/domain';
import type { TokenRecord } from '../contracts/tokens.js';
import { ApplicationCredentialEntity } from './application-credential.entity.js';
import { TEXT, TEXTS, TEXT_OR_NULL, TIME } from './column-types.js';
import { ProjectEntity } from './project.entity.js';
import { UserEntity } from './user.entity.js';

/** Only the token's hash is here: whoever reads this table can't use what it finds. */
@Entity('tokens')
export class TokenEntity implements TokenRecord {
  @PrimaryColumn(TEXT) tokenHash!: string;
  @ForeignKey(() => UserEntity, { onDelete: 'CASCADE' })
  @Index('tokens_user_id_idx')
  @Column(TEXT)
  userId!: UserId;
  @ForeignKey(() => ProjectEntity, { onDelete: 'CASCADE' })
  @Index('tokens_project_id_idx')
  @Column(TEXT_OR_NULL)
  projectId!: ProjectId | null;
  @ForeignKey(() => ProjectEntity, { onDelete: 'CASCADE' })
  @Column(TEXT_OR_NULL)
  systemProjectId!: ProjectId | null;
  @ForeignKey(() => ApplicationCredentialEntity, { onDelete: 'CASCADE' })
  @Index('tokens_application_credential_id_idx')
  @Column(TEXT_OR_NULL)
  applicationCredentialId!: string | null;
  @Column(TEXTS) methods!: string[];
  @Column(TEXT) auditId!: string;
  @Column(TEXT_OR_NULL) rootAuditId!: string | null;
  @Column(TIME) issuedAt!: Date;
  @Index('tokens_expires_at_idx') @Column(TIME) expiresAt!: Date;
}
