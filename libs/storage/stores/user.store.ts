import { isUuid, type UserId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { LockPolicy, NamePage, UserFilter, UserRecord, UserStore } from '../contracts/identity.js';
import { RoleAssignmentEntity } from '../entities/role-assignment.entity.js';
import { UserEntity } from '../entities/user.entity.js';
import { isStorableName, listByName } from './list-by-name.js';
import { notFound } from './scoping.js';
import { changeRows, pick, selectRows } from './sql.js';

const CHANGEABLE = ['name', 'defaultProjectId', 'enabled', 'description', 'email'] as const;

/** Whoever logged in from an address is at home there for so long. */
const KNOWN_FOR = "interval '30 days'";
/** That a login came from a known address is written down this often at most. */
const WRITTEN_EVERY = "interval '1 day'";

const isOpen = (table: string): string =>
  `(${table}.locked_until IS NULL OR ${table}.locked_until <= clock_timestamp())`;

/** The next lock of a row whose count is `count` now. Its exponent is bounded, so that it stays a number. */
const nextLock = (count: string, [allowed, first, longest]: readonly [string, string, string]): string =>
  `CASE WHEN ${count} >= ${allowed}::integer THEN clock_timestamp() + make_interval(secs =>
     least(${longest}::float8, ${first}::float8 * 2.0 ^ least(${count} - ${allowed}::integer, 30))) END`;

export class PostgresUserStore implements UserStore {
  constructor(private readonly manager: EntityManager) {}

  async insert(user: Parameters<UserStore['insert']>[0]): Promise<UserRecord> {
    const { id, name, passwordHash, defaultProjectId } = user;
    await this.manager.insert(UserEntity, {
      ...{ id, name, passwordHash, defaultProjectId },
      ...pick(user, ['enabled', 'description', 'email']),
    });
    return this.manager.findOneByOrFail(UserEntity, { id });
  }

  async ensure({
    id,
    name,
    passwordHash,
    defaultProjectId,
  }: Parameters<UserStore['ensure']>[0]): Promise<{ user: UserRecord; created: boolean }> {
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
    return isStorableName(name) ? this.manager.findOneBy(UserEntity, { name }) : null;
  }

  list({ name, enabled, projectId }: UserFilter, page: NamePage): Promise<readonly UserRecord[]> {
    const query = this.manager.createQueryBuilder(UserEntity, 'account');
    if (enabled !== undefined) query.andWhere('account.enabled = :enabled', { enabled });
    if (projectId !== undefined) {
      query.andWhere(
        (outer) =>
          `EXISTS ${outer
            .subQuery()
            .select('1')
            .from(RoleAssignmentEntity, 'held')
            .where('held.userId = account.id AND held.projectId = :projectId')
            .getQuery()}`,
        { projectId },
      );
    }
    return listByName(query, 'account', name, page);
  }

  async update(id: UserId, fields: Parameters<UserStore['update']>[1]): Promise<UserRecord> {
    const changes = pick(fields, CHANGEABLE);
    if (Object.keys(changes).length > 0) await this.manager.update(UserEntity, { id }, changes);
    const user = await this.manager.findOneBy(UserEntity, { id });
    if (!user) throw notFound('User', id);
    return user;
  }

  async remove(id: UserId): Promise<void> {
    await this.manager.delete(UserEntity, { id });
  }

  async setPassword(id: UserId, passwordHash: string): Promise<void> {
    await changeRows(
      this.manager,
      'UPDATE users SET password_hash = $2, failed_logins = 0, locked_until = NULL WHERE id = $1',
      [id, passwordHash],
    );
    await changeRows(
      this.manager,
      'UPDATE login_addresses SET failed_logins = 0, locked_until = NULL WHERE user_id = $1 AND failed_logins > 0',
      [id],
    );
  }

  async replaceHash(id: UserId, known: string, replacement: string): Promise<void> {
    await changeRows(this.manager, 'UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2', [
      id,
      known,
      replacement,
    ]);
  }

  async recordFailedLogin(
    id: UserId,
    address: string,
    { ofAddress, ofUser }: Parameters<UserStore['recordFailedLogin']>[2],
  ): Promise<void> {
    const counted = await selectRows(
      this.manager,
      `INSERT INTO login_addresses AS a (user_id, address, failed_logins, locked_until)
       SELECT u.id, $2, 1, ${nextLock('1', ['$3', '$4', '$5'])} FROM users u WHERE u.id = $1
       ON CONFLICT (user_id, address) DO UPDATE SET failed_logins = a.failed_logins + 1,
         locked_until = ${nextLock('(a.failed_logins + 1)', ['$3', '$4', '$5'])}, changed_at = clock_timestamp()
       WHERE ${isOpen('a')} RETURNING 1`,
      [id, address, ...valuesOf(ofAddress)],
    );
    if (counted.length === 0) return;
    await changeRows(
      this.manager,
      `UPDATE users u SET failed_logins = failed_logins + 1,
         locked_until = ${nextLock('(failed_logins + 1)', ['$2', '$3', '$4'])}
       WHERE id = $1 AND ${isOpen('u')}`,
      [id, ...valuesOf(ofUser)],
    );
  }

  async completeLogin(id: UserId, address: string): Promise<boolean> {
    // Most logins follow no failure and come from where the last one came from: they need no write.
    const clean = await selectRows(
      this.manager,
      `SELECT 1 FROM users u JOIN login_addresses a ON a.user_id = u.id AND a.address = $2
       WHERE u.id = $1 AND u.failed_logins = 0 AND a.failed_logins = 0
         AND a.succeeded_at > clock_timestamp() - ${WRITTEN_EVERY}`,
      [id, address],
    );
    if (clean.length === 1) return true;
    const completed = await selectRows(
      this.manager,
      `INSERT INTO login_addresses AS known (user_id, address, succeeded_at)
       SELECT u.id, $2, clock_timestamp()
       FROM users u LEFT JOIN login_addresses a ON a.user_id = u.id AND a.address = $2
       WHERE u.id = $1 AND ${isOpen('a')}
         AND (${isOpen('u')} OR a.succeeded_at > clock_timestamp() - ${KNOWN_FOR})
       ON CONFLICT (user_id, address) DO UPDATE SET failed_logins = 0, locked_until = NULL,
         succeeded_at = clock_timestamp(), changed_at = clock_timestamp()
       WHERE ${isOpen('known')} RETURNING 1`,
      [id, address],
    );
    if (completed.length === 0) return false;
    await changeRows(
      this.manager,
      'UPDATE users SET failed_logins = 0, locked_until = NULL WHERE id = $1 AND failed_logins > 0',
      [id],
    );
    return true;
  }

  async isKnownAddress(id: UserId, address: string): Promise<boolean> {
    const rows = await selectRows(
      this.manager,
      `SELECT 1 FROM login_addresses
       WHERE user_id = $1 AND address = $2 AND succeeded_at > clock_timestamp() - ${KNOWN_FOR}`,
      [id, address],
    );
    return rows.length === 1;
  }

  async removeOldAddresses(): Promise<number> {
    const { count } = await changeRows(
      this.manager,
      `DELETE FROM login_addresses WHERE changed_at <= clock_timestamp() - ${KNOWN_FOR}`,
      [],
    );
    return count;
  }
}

function valuesOf({ allowed, firstLockSeconds, longestLockSeconds }: LockPolicy): readonly number[] {
  return [allowed, firstLockSeconds, longestLockSeconds];
}
