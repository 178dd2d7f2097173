import { Column, Entity, ForeignKey, Generated, Index, PrimaryColumn, Unique } from 'typeorm';
import type {
  BayId,
  Node,
  NodeFailure,
  NodeGroupId,
  NodeId,
  NodeRole,
  ProjectId,
  RemovalReason,
} from '@baykeeper/domain';
import { BayEntity } from './bay.entity.js';
import {
  HIDDEN_SEQUENCE,
  INTEGER,
  JSON_DOCUMENT_OR_NULL,
  TEXT,
  TEXT_OR_NULL,
  TIME,
  TIME_OR_NULL,
  UUID,
} from './column-types.js';
import { NodeGroupEntity } from './node-group.entity.js';

@Entity('nodes')
@ForeignKey(() => BayEntity, ['bayId', 'projectId'], ['id', 'projectId'], { onDelete: 'CASCADE' })
@Unique(['nodeGroupId', 'ordinal'])
@Unique(['bayId', 'name'])
@Index('nodes_bay_id_sequence_idx', ['bayId', 'sequence'])
@Index('nodes_bay_id_revision_idx', ['bayId', 'revision'])
@Index('nodes_masters_idx', ['bayId', 'sequence'], { where: "role = 'master'" })
export class NodeEntity implements Node {
  @PrimaryColumn(UUID) id!: NodeId;
  @Column(HIDDEN_SEQUENCE) @Generated('increment') sequence?: number;
  /** The transaction that wrote the row last; kept by a trigger. */
  @Column({ type: 'bigint', default: 0, select: false }) revision?: string;
  @Column(UUID) bayId!: BayId;
  @Column(TEXT) projectId!: ProjectId;
  @ForeignKey(() => NodeGroupEntity, { onDelete: 'CASCADE' })
  @Column(UUID)
  nodeGroupId!: NodeGroupId;
  @Column(TEXT) role!: NodeRole;
  @Column(INTEGER) ordinal!: number;
  @Column(TEXT) name!: string;
  @Column(TEXT_OR_NULL) address!: string | null;
  @Column(TIME) createdAt!: Date;
  @Column(TIME_OR_NULL) machineRequestedAt!: Date | null;
  @Column(TIME_OR_NULL) machineCreatedAt!: Date | null;
  @Column(TIME_OR_NULL) bootedAt!: Date | null;
  @Column(TIME_OR_NULL) certifiedAt!: Date | null;
  @Column(TIME_OR_NULL) joinGrantedAt!: Date | null;
  @Column(TIME_OR_NULL) joinedAt!: Date | null;
  @Column(TIME_OR_NULL) readyAt!: Date | null;
  @Column(TIME_OR_NULL) registeredAt!: Date | null;
  @Column(TIME_OR_NULL) failedAt!: Date | null;
  @Column(JSON_DOCUMENT_OR_NULL) failure!: NodeFailure | null;
  @Column(TIME_OR_NULL) removalRequestedAt!: Date | null;
  @Column(TEXT_OR_NULL) removalReason!: RemovalReason | null;
  @Column(TIME_OR_NULL) deregisteredAt!: Date | null;
  @Column(TIME_OR_NULL) drainedAt!: Date | null;
  @Column(TIME_OR_NULL) leftAt!: Date | null;
  @Column(TIME_OR_NULL) machineRemovedAt!: Date | null;
  @Column(TEXT_OR_NULL) engineState!: 'ready' | 'down' | null;
  @Column(TIME_OR_NULL) unreadySince!: Date | null;
}
