import { Column, Entity, ForeignKey, Generated, Index, PrimaryColumn, Unique } from 'typeorm';
import type {
  BayId,
  FlavorId,
  ImageId,
  Labels,
  NodeGroup,
  NodeGroupId,
  NodeRole,
  ProjectId,
  Taint,
} from '@baykeeper/domain';
import { BayEntity } from './bay.entity.js';
import { FlavorEntity, ImageEntity } from './catalogue.entities.js';
import {
  BOOLEAN,
  CREATION_TIME,
  HIDDEN_SEQUENCE,
  INTEGER,
  INTEGER_OR_NULL,
  JSON_DOCUMENT,
  REFERENCE,
  TEXT,
  TEXT_OR_NULL,
  TIME_OR_NULL,
  UUID,
} from './column-types.js';

@Entity('node_groups')
@ForeignKey(() => BayEntity, ['bayId', 'projectId'], ['id', 'projectId'], { onDelete: 'CASCADE' })
@Unique(['bayId', 'name'])
@Index('node_groups_bay_id_sequence_idx', ['bayId', 'sequence'])
export class NodeGroupEntity implements NodeGroup {
  @PrimaryColumn(UUID) id!: NodeGroupId;
  @Column(HIDDEN_SEQUENCE) @Generated('increment') sequence?: number;
  @Column(UUID) bayId!: BayId;
  @Index('node_groups_project_id_idx')
  @Column(TEXT)
  projectId!: ProjectId;
  @Column(TEXT) name!: string;
  @Column(TEXT) role!: NodeRole;
  @Column(TEXT_OR_NULL) roleName!: string | null;
  @Column(BOOLEAN) isDefault!: boolean;
  @Column(INTEGER) nodeCount!: number;
  @Column(INTEGER) minNodeCount!: number;
  @Column(INTEGER_OR_NULL) maxNodeCount!: number | null;
  @Column(TEXT_OR_NULL) flavorId!: string | null;
  @Column(TEXT) imageId!: string;
  @Column(JSON_DOCUMENT) labels!: Labels;
  @Column(INTEGER_OR_NULL) dockerVolumeSize!: number | null;
  @Column({ ...JSON_DOCUMENT, default: {} }) nodeLabels!: Labels;
  @Column({ ...JSON_DOCUMENT, default: [] }) nodeTaints!: readonly Taint[];
  @Column(TIME_OR_NULL) deletionRequestedAt!: Date | null;
  @Column({ ...INTEGER, default: 0 }) nextOrdinal!: number;
  @Column(CREATION_TIME) createdAt!: Date;
  @Column(TIME_OR_NULL) updatedAt!: Date | null;

  @ForeignKey(() => ImageEntity) @Column(REFERENCE) imageRef?: ImageId | null;
  @ForeignKey(() => FlavorEntity) @Column(REFERENCE) flavorRef?: FlavorId | null;
}
