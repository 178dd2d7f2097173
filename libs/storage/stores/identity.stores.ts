import { isUuid, type ProjectId, type UserId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type {
  LiveToken,
  LockPolicy,
  ProjectRecord,
  ProjectStore,
  RoleAssignmentStore,
  TokenRecord,
  TokenStore,
  UserRecord,
  UserStore,
} from '../contracts/identity.js';
import { ProjectEntity } from '../entities/project.entity.js';
import { RoleAssignmentEntity } from '../entities/role-assignment.entity.js';
import { TokenEntity } from '../entities/token.entity.js';
import { UserEntity } from '../entities/user.entity.js';
import { changeRows, selectRows } from './sql.js';

type NewUser = Pick<UserRecord, 'id' | 'name' | 'passwordHash' | 'defaultProjectId'>;

export class PostgresProjectStore implements ProjectStore {
  constructor(private readonly manager: EntityManager) {}

  async insert({ id, name }: Pick<ProjectRecord, 'id' | 'name'>): Promise<ProjectRecord> {
    await this.manager.insert(ProjectEntity, { id, name });
    return this.manager.findOneByOrFail(ProjectEntity, { id });
  }

  async ensure({ id, name }: Pick<ProjectRecord, 'id' | 'name'>): Promise<ProjectRecord> {
    await selectRows(this.manager, 'INSERT INTO projects (id, name) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', [
      id,
      name,
    ]);
    return this.manager.findOneByOrFail(ProjectEntity, { name });
  }

  async findById(id: string): Promise<ProjectRecord | null> {
    return isUuid(id) ? this.manager.findOneBy(ProjectEntity, { id: id as ProjectId }) : null;
  }

  async findByName(name: string): Promise<ProjectRecord | null> {
    return isStorable(name) ? this.manager.findOneBy(ProjectEntity, { name }) : null;
  }
}

export class PostgresUserStore implements UserStore {
  constructor(private readonly manager: EntityManager) {}

  async insert({ id, name, passwordHash, defaultProjectId }: NewUser): Promise<UserRecord> {
    await this.manager.insert(UserEntity, { id, name, passwordHash, defaultProjectId });
    return this.manager.findOneByOrFail(UserEntity, { id });
  }

  async ensure({ id, name, passwordHash, defaultProjectId }: NewUser): Promise<{ user: UserRecord; created: boolean }> {
    const made = await selectRows(
      this.manager,
      `INSERT INTO users (id, name, password_hash, default_project_id) VALUES ($1, $2, $3, $4)
       ON CONFLICT (name) DO NOTHING RETURNING 1`,
      [id, name, passwordHash, defaultProjectId],
    );
    return { user: await this.manager.findOneByOrFail(UserEntity, { name }), created: made.length === 1 };
  }

  async findById(id: string): Promise<UserRecord | null> {
    return isUuid(id) ? this.manager.findOneBy(UserEntity, { id: id as UserId }) : null;
  }

  async findByName(name: string): Promise<UserRecord | null> {
    return isStorable(name) ? this.manager.findOneBy(UserEntity, { name }) : null;
  }

  async setPassword(id: UserId, passwordHash: string): Promise<void> {
    await changeRows(
      this.manager,
      'UPDATE users SET password_hash = $2, failed_logins = 0, locked_until = NULL WHERE id = $1',
      [id, passwordHash],
    );
  }

  async replaceHash(id: UserId, known: string, replacement: string): Promise<void> {
    await changeRows(this.manager, 'UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2', [
      id,
      known,
      replacement,
    ]);
  }

  async setEnabled(id: UserId, enabled: boolean): Promise<void> {
    await changeRows(this.manager, 'UPDATE users SET enabled = $2 WHERE id = $1', [id, enabled]);
  }

  async recordFailedLogin(id: UserId, policy: LockPolicy): Promise<void> {
    // The exponent is bounded, so that the lock of a user who is tried for ever stays a number.
    await changeRows(
      this.manager,
      `UPDATE users SET failed_logins = failed_logins + 1,
         locked_until = CASE WHEN failed_logins + 1 >= $2::integer
           THEN clock_timestamp() + make_interval(secs =>
             least($4::float8, $3::float8 * 2.0 ^ least(failed_logins + 1 - $2::integer, 30)))
           ELSE locked_until END
       WHERE id = $1 AND (locked_until IS NULL OR locked_until <= clock_timestamp())`,
      [id, policy.allowed, policy.firstLockSeconds, policy.longestLockSeconds],
    );
  }

  async completeLogin(id: UserId): Promise<boolean> {
    const open = 'id = $1 AND (locked_until IS NULL OR locked_until <= clock_timestamp())';
    // Most logins follow no failure: they need no write.
    const [clean] = await selectRows<{ failedLogins: number }>(
      this.manager,
      `SELECT failed_logins AS "failedLogins" FROM users WHERE ${open}`,
      [id],
    );
    if (!clean || clean.failedLogins === 0) return clean !== undefined;
    const { count } = await changeRows(
      this.manager,
      `UPDATE users SET failed_logins = 0, locked_until = NULL WHERE ${open}`,
      [id],
    );
    return count === 1;
  }
}

export class PostgresRoleAssignmentStore implements RoleAssignmentStore {
  constructor(private readonly manager: EntityManager) {}

  async assign(userId: UserId, projectId: ProjectId, role: string): Promise<void> {
    await selectRows(
      this.manager,
      'INSERT INTO role_assignments (user_id, project_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [userId, projectId, role],
    );
  }

  async unassign(userId: UserId, projectId: ProjectId, role: string): Promise<void> {
    await this.manager.delete(RoleAssignmentEntity, { userId, projectId, role });
  }

  async list(userId: UserId, projectId: ProjectId): Promise<readonly string[]> {
    const rows = await this.manager.find(RoleAssignmentEntity, {
      where: { userId, projectId },
      order: { role: 'ASC' },
    });
    return rows.map(({ role }) => role);
  }
}

export class PostgresTokenStore implements TokenStore {
  constructor(private readonly manager: EntityManager) {}

  async insert(token: TokenRecord): Promise<void> {
    const { tokenHash, userId, projectId, auditId, issuedAt, expiresAt } = token;
    await this.manager.insert(TokenEntity, { tokenHash, userId, projectId, auditId, issuedAt, expiresAt });
  }

  async find(tokenHash: string): Promise<LiveToken | null> {
    const [row] = await selectRows<LiveToken>(
      this.manager,
      `SELECT t.token_hash AS "tokenHash", t.user_id AS "userId", t.project_id AS "projectId", t.audit_id AS "auditId",
         t.issued_at AS "issuedAt", t.expires_at AS "expiresAt", u.name AS "userName", p.name AS "projectName",
         ARRAY(SELECT r.role FROM role_assignments r WHERE r.user_id = t.user_id AND r.project_id = t.project_id
               ORDER BY r.role) AS roles
       FROM tokens t JOIN users u ON u.id = t.user_id LEFT JOIN projects p ON p.id = t.project_id
       WHERE t.token_hash = $1 AND t.expires_at > clock_timestamp() AND u.enabled
         AND (t.project_id IS NULL OR p.enabled)`,
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

  async removeExpired(): Promise<number> {
    const { count } = await changeRows(this.manager, 'DELETE FROM tokens WHERE expires_at <= clock_timestamp()', []);
    return count;
  }
}

/** PostgreSQL's text holds no NUL, so nothing has such a name. */
function isStorable(name: string): boolean {
  return !name.includes('\0');
}
