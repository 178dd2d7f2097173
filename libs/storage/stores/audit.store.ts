import type { EntityManager } from 'typeorm';
import type { AuditEntry, AuditStore } from '../contracts/audit.js';
import { AuditEntryEntity } from '../entities/audit-entry.entity.js';

export class PostgresAuditStore implements AuditStore {
  constructor(private readonly manager: EntityManager) {}

  async append(entry: Omit<AuditEntry, 'sequence' | 'at'>): Promise<void> {
    await this.manager.insert(AuditEntryEntity, entry);
  }
}
