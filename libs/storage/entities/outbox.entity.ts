import { Column, Entity, Generated, PrimaryColumn } from 'typeorm';
import type { BayId } from '@baykeeper/domain';
import type { OutboxRow } from '../contracts/records.js';
import { CREATION_TIME, SEQUENCE, TEXT_OR_NULL, UUID } from './column-types.js';

/** No foreign key: reconciling a bay that is gone is harmless, and a removal must not wait for the relay. */
@Entity('outbox')
export class OutboxEntity implements OutboxRow {
  @PrimaryColumn(SEQUENCE) @Generated('increment') id!: number;
  @Column(UUID) bayId!: BayId;
  @Column(CREATION_TIME) createdAt!: Date;
  @Column(TEXT_OR_NULL) traceparent!: string | null;
}
