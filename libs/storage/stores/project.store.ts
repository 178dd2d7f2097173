import { isUuid, type ProjectId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { NamePage, ProjectFilter, ProjectRecord, ProjectStore } from '../contracts/identity.js';
import { ProjectEntity } from '../entities/project.entity.js';
import { RoleAssignmentEntity } from '../entities/role-assignment.entity.js';
import { isStorableName, listByName } from './list-by-name.js';
import { notFound } from './scoping.js';
import { pick, selectRows } from './sql.js';

const CHANGEABLE = ['name', 'description', 'enabled'] as const;

export class PostgresProjectStore implements ProjectStore {
  constructor(private readonly manager: EntityManager) {}

  async insert(project: Parameters<ProjectStore['insert']>[0]): Promise<ProjectRecord> {
    const { id, name } = project;
    await this.manager.insert(ProjectEntity, { id, name, ...pick(project, ['description', 'enabled']) });
    return this.manager.findOneByOrFail(ProjectEntity, { id });
  }

  async ensure({ id, name }: Pick<ProjectRecord, 'id' | 'name'>): Promise<ProjectRecord> {
    await selectRows(this.manager, 'INSERT INTO projects (id, name) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', [
      id,
      name,
    ]);
    return this.manager.findOneByOrFail(ProjectEntity, { name });
  }

  async ensureForeign(id: ProjectId): Promise<void> {
    await selectRows(this.manager, 'INSERT INTO projects (id, name) VALUES ($1, $1) ON CONFLICT (id) DO NOTHING', [id]);
  }

  async findById(id: string): Promise<ProjectRecord | null> {
    return isUuid(id) ? this.manager.findOneBy(ProjectEntity, { id: id as ProjectId }) : null;
  }

  async findByName(name: string): Promise<ProjectRecord | null> {
    return isStorableName(name) ? this.manager.findOneBy(ProjectEntity, { name }) : null;
  }

  list({ name, enabled, userId }: ProjectFilter, page: NamePage): Promise<readonly ProjectRecord[]> {
    const query = this.manager.createQueryBuilder(ProjectEntity, 'project');
    if (enabled !== undefined) query.andWhere('project.enabled = :enabled', { enabled });
    if (userId !== undefined) {
      query.andWhere(
        (outer) =>
          `EXISTS ${outer
            .subQuery()
            .select('1')
            .from(RoleAssignmentEntity, 'held')
            .where('held.projectId = project.id AND held.userId = :userId')
            .getQuery()}`,
        { userId },
      );
    }
    return listByName(query, 'project', name, page);
  }

  async lock(id: ProjectId): Promise<void> {
    await selectRows(this.manager, 'SELECT 1 FROM projects WHERE id = $1 FOR UPDATE', [id]);
  }

  async update(id: ProjectId, fields: Parameters<ProjectStore['update']>[1]): Promise<ProjectRecord> {
    const changes = pick(fields, CHANGEABLE);
    if (Object.keys(changes).length > 0) await this.manager.update(ProjectEntity, { id }, changes);
    const project = await this.manager.findOneBy(ProjectEntity, { id });
    if (!project) throw notFound('Project', id);
    return project;
  }

  async remove(id: ProjectId): Promise<void> {
    await this.manager.delete(ProjectEntity, { id });
  }
}
