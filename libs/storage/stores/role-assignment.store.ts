import type { ProjectId, UserId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { RoleAssignment, RoleAssignmentStore } from '../contracts/identity.js';
import { RoleAssignmentEntity } from '../entities/role-assignment.entity.js';
import { isStorableName } from './list-by-name.js';
import { selectRows } from './sql.js';

export class PostgresRoleAssignmentStore implements RoleAssignmentStore {
  constructor(private readonly manager: EntityManager) {}

  async assign(userId: UserId, projectId: ProjectId, role: string): Promise<void> {
    await selectRows(
      this.manager,
      'INSERT INTO role_assignments (user_id, project_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [userId, projectId, role],
    );
  }

  async unassign(userId: UserId, projectId: ProjectId, role: string): Promise<boolean> {
    const { affected } = await this.manager.delete(RoleAssignmentEntity, { userId, projectId, role });
    return affected === 1;
  }

  async list(userId: UserId, projectId: ProjectId): Promise<readonly string[]> {
    const rows = await this.manager.find(RoleAssignmentEntity, {
      where: { userId, projectId },
      order: { role: 'ASC' },
    });
    return rows.map(({ role }) => role);
  }

  async listAll(
    { userId, projectId, roles }: Parameters<RoleAssignmentStore['listAll']>[0],
    { limit, after }: Parameters<RoleAssignmentStore['listAll']>[1],
  ): Promise<readonly RoleAssignment[]> {
    const conditions: string[] = [];
    const values: unknown[] = [];
    const parameter = (value: unknown): string => `$${values.push(value)}`;
    if (![userId, projectId].every((id) => id === undefined || isStorableName(id))) return [];
    if (userId !== undefined) conditions.push(`r.user_id = ${parameter(userId)}`);
    if (projectId !== undefined) conditions.push(`r.project_id = ${parameter(projectId)}`);
    if (roles !== undefined) conditions.push(`r.role = ANY (${parameter(roles)}::text[])`);
    if (after !== null) {
      const last = [after.projectId, after.userId, after.role].map(parameter).join(', ');
      conditions.push(`(r.project_id, r.user_id, r.role) > (${last})`);
    }
    return selectRows<RoleAssignment>(
      this.manager,
      `SELECT r.user_id AS "userId", u.name AS "userName", r.project_id AS "projectId", p.name AS "projectName", r.role
       FROM role_assignments r JOIN users u ON u.id = r.user_id JOIN projects p ON p.id = r.project_id
       ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY r.project_id, r.user_id, r.role LIMIT ${parameter(limit)}`,
      values,
    );
  }

  async listHolders(projectId: ProjectId, role: string): Promise<readonly UserId[]> {
    const rows = await selectRows<{ id: UserId }>(
      this.manager,
      `SELECT u.id FROM role_assignments r JOIN users u ON u.id = r.user_id
       WHERE r.project_id = $1 AND r.role = $2 AND u.enabled ORDER BY u.created_at, u.id`,
      [projectId, role],
    );
    return rows.map(({ id }) => id);
  }
}
