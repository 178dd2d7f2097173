import type { ProjectId, UserId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { LiveToken, TokenRecord, TokenStore } from '../contracts/tokens.js';
import { TokenEntity } from '../entities/token.entity.js';
import { changeRows, selectRows } from './sql.js';

export class PostgresTokenStore implements TokenStore {
  constructor(private readonly manager: EntityManager) {}

  async insert(token: TokenRecord): Promise<void> {
    await this.manager.insert(TokenEntity, { ...token, methods: [...token.methods] });
  }

  async find(tokenHash: string): Promise<LiveToken | null> {
    const [row] = await selectRows<LiveToken>(
      this.manager,
      `SELECT t.token_hash AS "tokenHash", t.user_id AS "userId", t.project_id AS "projectId",
         t.system_project_id AS "systemProjectId", t.application_credential_id AS "applicationCredentialId",
         t.methods, t.audit_id AS "auditId", t.root_audit_id AS "rootAuditId",
         t.issued_at AS "issuedAt", t.expires_at AS "expiresAt", u.name AS "userName", p.name AS "projectName",
         ARRAY(SELECT r.role FROM role_assignments r
               WHERE r.user_id = t.user_id AND r.project_id = coalesce(t.project_id, t.system_project_id)
               ORDER BY r.role) AS roles,
         CASE WHEN c.id IS NOT NULL THEN jsonb_build_object('id', c.id, 'name', c.name, 'roles', c.roles,
           'unrestricted', c.unrestricted, 'accessRules', c.access_rules) END AS "applicationCredential"
       FROM tokens t JOIN users u ON u.id = t.user_id LEFT JOIN projects p ON p.id = t.project_id
         LEFT JOIN application_credentials c ON c.id = t.application_credential_id
       WHERE t.token_hash = $1 AND t.expires_at > clock_timestamp() AND u.enabled
         AND (t.project_id IS NULL OR p.enabled)
         AND (c.expires_at IS NULL OR c.expires_at > clock_timestamp())`,
      [tokenHash],
    );
    return row ?? null;
  }

  async revoke(tokenHash: string): Promise<void> {
    await this.manager.delete(TokenEntity, { tokenHash });
  }

  async revokeByUser(userId: UserId): Promise<void> {
    await this.manager.delete(TokenEntity, { userId });
  }

  async revokeByProject(projectId: ProjectId, userId?: UserId): Promise<void> {
    await changeRows(
      this.manager,
      `DELETE FROM tokens WHERE $1 IN (project_id, system_project_id) AND ($2::text IS NULL OR user_id = $2)`,
      [projectId, userId ?? null],
    );
  }

  async removeExpired(): Promise<number> {
    const { count } = await changeRows(this.manager, 'DELETE FROM tokens WHERE expires_at <= clock_timestamp()', []);
    return count;
  }
}
