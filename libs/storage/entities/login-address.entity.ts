import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { UserId } from '@baykeeper/domain';
import { CREATION_TIME, INTEGER, TEXT, TIME_OR_NULL } from './column-types.js';
import { UserEntity } from './user.entity.js';

/** How logging in went, per user and the address it came from. */
@Entity('login_addresses')
export class LoginAddressEntity {
  @ForeignKey(() => UserEntity, { onDelete: 'CASCADE' })
  @PrimaryColumn(TEXT)
  userId!: UserId;
  @PrimaryColumn(TEXT) address!: string;
  /** Wrong passwords in a row. */
  @Column({ ...INTEGER, default: 0 }) failedLogins!: number;
  @Column(TIME_OR_NULL) lockedUntil!: Date | null;
  @Column(TIME_OR_NULL) succeededAt!: Date | null;
  @Index('login_addresses_changed_at_idx') @Column(CREATION_TIME) changedAt!: Date;
}
