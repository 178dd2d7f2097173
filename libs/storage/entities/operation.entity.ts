import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { BayId, NodeId } from '@baykeeper/domain';
import type { OpenOperation } from '../contracts/records.js';
import { BayEntity } from './bay.entity.js';
import { INTEGER, TEXT, TEXT_OR_NULL, TIME, TIME_OR_NULL, UUID, UUID_OR_NULL } from './column-types.js';

@Entity('operations')
@Index('operations_open_idx', ['bayId'], { where: 'finished_at IS NULL' })
export class OperationEntity implements OpenOperation {
  @PrimaryColumn(TEXT) id!: string;
  @ForeignKey(() => BayEntity, { onDelete: 'CASCADE' })
  @Index('operations_bay_id_idx')
  @Column(UUID)
  bayId!: BayId;
  // No foreign key: an operation may end after its node was forgotten.
  @Index('operations_node_id_idx')
  @Column(UUID_OR_NULL)
  nodeId!: NodeId | null;
  @Column(TEXT) kind!: string;
  @Column(INTEGER) attempts!: number;
  @Column(TIME) startedAt!: Date;
  @Column(TIME_OR_NULL) finishedAt!: Date | null;
  @Column(TEXT_OR_NULL) error!: string | null;
}
