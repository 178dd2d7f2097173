import type { Keypair, KeypairId, UserId } from '@baykeeper/domain';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { KeypairStore } from '../contracts/catalogue.js';
import { KeypairEntity } from '../entities/catalogue.entities.js';
import type { Page } from '../page.js';
import { listPage, type SortKeys } from './paging.js';
import { findByIdent, notFound } from './scoping.js';
import { pick } from './sql.js';

const SORT_KEYS: SortKeys<KeypairEntity> = {
  id: 'sequence',
  uuid: 'id',
  name: 'name',
  type: 'type',
  fingerprint: 'fingerprint',
  created_at: 'createdAt',
};

export class PostgresKeypairStore implements KeypairStore {
  constructor(private readonly manager: EntityManager) {}

  async insert(userId: UserId, keypair: Omit<Keypair, 'userId' | 'createdAt'>): Promise<Keypair> {
    await this.manager.insert(KeypairEntity, {
      ...pick(keypair, ['id', 'name', 'type', 'publicKey', 'fingerprint', 'sha256Fingerprint']),
      userId,
    });
    return this.find(userId, keypair.id);
  }

  find(userId: UserId, ident: string): Promise<Keypair> {
    return findByIdent(this.ofUser(userId), 'Keypair', ident);
  }

  count(userId: UserId): Promise<number> {
    return this.manager.countBy(KeypairEntity, { userId });
  }

  list(userId: UserId, page: Page): Promise<readonly Keypair[]> {
    return listPage(this.ofUser(userId), page, SORT_KEYS);
  }

  async remove(userId: UserId, id: KeypairId): Promise<void> {
    const { affected } = await this.manager.delete(KeypairEntity, { id, userId });
    if (affected !== 1) throw notFound('Keypair', id);
  }

  private ofUser(userId: UserId): SelectQueryBuilder<KeypairEntity> {
    return this.manager.createQueryBuilder(KeypairEntity, 'keypair').where('keypair.userId = :userId', { userId });
  }
}
