import { Column, Entity, ForeignKey, Generated, Index, PrimaryColumn } from 'typeorm';
import type { BayEvent, BayId, EventKind, NodeId, ProjectId } from '@baykeeper/domain';
import { BayEntity } from './bay.entity.js';
import { CREATION_TIME, HIDDEN_SEQUENCE, SEQUENCE, TEXT, UUID, UUID_OR_NULL } from './column-types.js';

@Entity('bay_events')
@ForeignKey(() => BayEntity, ['bayId', 'projectId'], ['id', 'projectId'], { onDelete: 'CASCADE' })
@Index('bay_events_bay_id_sequence_idx', ['bayId', 'sequence'])
@Index('bay_events_project_order_idx', ['projectId', 'transactionId', 'sequence'])
export class BayEventEntity implements BayEvent {
  @PrimaryColumn(SEQUENCE) @Generated('increment') sequence!: number;
  @Column(UUID) bayId!: BayId;
  @Column(TEXT) projectId!: ProjectId;
  // No foreign key: what happened to a node is told after it was forgotten, too.
  @Column(UUID_OR_NULL) nodeId!: NodeId | null;
  @Column(TEXT) kind!: EventKind;
  @Column(TEXT) level!: BayEvent['level'];
  @Column(TEXT) message!: string;
  @Column(CREATION_TIME) at!: Date;
  // The database's own number of the transaction that wrote it; its default as the mapper reads it, without the casts.
  @Column({ ...HIDDEN_SEQUENCE, default: () => '((pg_current_xact_id()))' }) transactionId?: number;
}
