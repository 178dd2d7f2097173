import type { UserId } from '@baykeeper/domain';
import { In, type EntityManager } from 'typeorm';
import type { ApplicationCredentialRecord, ApplicationCredentialStore } from '../contracts/tokens.js';
import { ApplicationCredentialEntity } from '../entities/application-credential.entity.js';
import { isStorableName, listByName } from './list-by-name.js';

export class PostgresApplicationCredentialStore implements ApplicationCredentialStore {
  constructor(private readonly manager: EntityManager) {}

  async insert(credential: Omit<ApplicationCredentialRecord, 'createdAt'>): Promise<ApplicationCredentialRecord> {
    const { roles, accessRules } = credential;
    await this.manager.insert(ApplicationCredentialEntity, {
      ...credential,
      roles: [...roles],
      accessRules: accessRules && [...accessRules],
    });
    return this.manager.findOneByOrFail(ApplicationCredentialEntity, { id: credential.id });
  }

  async find(id: string): Promise<ApplicationCredentialRecord | null> {
    return isStorableName(id) ? this.manager.findOneBy(ApplicationCredentialEntity, { id }) : null;
  }

  async findByName(userId: UserId, name: string): Promise<ApplicationCredentialRecord | null> {
    return isStorableName(name) ? this.manager.findOneBy(ApplicationCredentialEntity, { userId, name }) : null;
  }

  list(
    userId: UserId,
    { name, projectId }: Parameters<ApplicationCredentialStore['list']>[1],
    page: Parameters<ApplicationCredentialStore['list']>[2],
  ): Promise<readonly ApplicationCredentialRecord[]> {
    const query = this.manager
      .createQueryBuilder(ApplicationCredentialEntity, 'credential')
      .where('credential.userId = :userId', { userId });
    if (projectId !== undefined) query.andWhere('credential.projectId = :projectId', { projectId });
    return listByName(query, 'credential', name, page);
  }

  async countByUser(userId: UserId): Promise<number> {
    return this.manager.countBy(ApplicationCredentialEntity, { userId });
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.manager.delete(ApplicationCredentialEntity, { id: In(ids) });
  }
}
