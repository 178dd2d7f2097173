import { Column, Entity, ForeignKey, Generated, Index, PrimaryColumn, Unique } from 'typeorm';
import type {
  Bay,
  BayId,
  BaymodelId,
  BayStatus,
  EngineName,
  HealthStatus,
  Labels,
  NetworkId,
  NodeId,
  ProjectId,
  ServerType,
  SubnetId,
  UserId,
} from '@baykeeper/domain';
import { BaymodelEntity } from './baymodel.entity.js';
import { NetworkEntity, SubnetEntity } from './catalogue.entities.js';
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
  TIME,
  TIME_OR_NULL,
  UUID,
  UUID_OR_NULL,
} from './column-types.js';
import { ProjectEntity } from './project.entity.js';

/**
 * The pair of id and project is unique so that every row of a bay can refer to both: the database itself then keeps a
 * child from ever carrying another project than its bay.
 */
@Entity('bays')
@Unique(['id', 'projectId'])
@Index('bays_project_id_sequence_idx', ['projectId', 'sequence'])
@Index('bays_sequence_idx', ['sequence'], { unique: true })
@Index('bays_name_project_id_idx', ['name', 'projectId'])
@Index('bays_unsettled_idx', ['reconciledAt'], {
  where: 'settled_generation < generation OR deletion_requested_at IS NOT NULL',
})
@Index('bays_reconciled_at_idx', ['reconciledAt'])
export class BayEntity implements Bay {
  @PrimaryColumn(UUID) id!: BayId;
  @Column(HIDDEN_SEQUENCE) @Generated('increment') sequence?: number;
  @ForeignKey(() => ProjectEntity)
  @Column(TEXT)
  projectId!: ProjectId;
  @Column(TEXT) userId!: UserId;
  @Column(TEXT) name!: string;
  @ForeignKey(() => BaymodelEntity)
  @Index('bays_baymodel_id_idx')
  @Column(UUID)
  baymodelId!: BaymodelId;
  @Column(TEXT) engine!: EngineName;
  @Column(TEXT) serverType!: ServerType;
  @Column(TEXT) imageId!: string;
  @Column(TEXT_OR_NULL) flavorId!: string | null;
  @Column(TEXT_OR_NULL) masterFlavorId!: string | null;
  @Column(TEXT_OR_NULL) keypair!: string | null;
  @Column(INTEGER_OR_NULL) dockerVolumeSize!: number | null;
  @Column(JSON_DOCUMENT) labels!: Labels;
  @Column(INTEGER_OR_NULL) createTimeoutMinutes!: number | null;
  @Column(TEXT_OR_NULL) discoveryUrl!: string | null;
  @Column(TEXT_OR_NULL) fixedNetwork!: string | null;
  @Column(TEXT_OR_NULL) fixedSubnet!: string | null;
  @Column(BOOLEAN) floatingIpEnabled!: boolean;
  @Column(BOOLEAN) masterLbEnabled!: boolean;
  @Column(BOOLEAN) tlsDisabled!: boolean;
  @Column(TEXT_OR_NULL) networkDriver!: string | null;
  @Column(TEXT_OR_NULL) insecureRegistry!: string | null;
  @Column(TEXT_OR_NULL) httpProxy!: string | null;
  @Column(TEXT_OR_NULL) httpsProxy!: string | null;
  @Column(TEXT_OR_NULL) noProxy!: string | null;
  @Column(INTEGER) generation!: number;
  @Column(TIME) generationAt!: Date;
  @Column(TIME_OR_NULL) deletionRequestedAt!: Date | null;
  @Column(CREATION_TIME) createdAt!: Date;
  @Column(TIME_OR_NULL) updatedAt!: Date | null;

  @Column(TEXT) status!: BayStatus;
  @Column(TEXT_OR_NULL) statusReason!: string | null;
  @Column(TEXT_OR_NULL) healthStatus!: HealthStatus | null;
  @Column(JSON_DOCUMENT) healthStatusReason!: Readonly<Record<string, string>>;
  @Column(TEXT_OR_NULL) apiAddress!: string | null;
  @Column(TEXT_OR_NULL) coeVersion!: string | null;
  @Column(TEXT_OR_NULL) containerVersion!: string | null;
  @Column(INTEGER) settledGeneration!: number;
  // No foreign key: nodes refer to bays, and a founder may be forgotten while its cluster lives on.
  @Column(UUID_OR_NULL) foundingNodeId!: NodeId | null;
  @Column(TIME_OR_NULL) foundedAt!: Date | null;

  @ForeignKey(() => NetworkEntity) @Column(REFERENCE) fixedNetworkRef?: NetworkId | null;
  @ForeignKey(() => SubnetEntity) @Column(REFERENCE) fixedSubnetRef?: SubnetId | null;
  @Column({ ...TEXT_OR_NULL, select: false }) sshPublicKey?: string | null;

  /** Rows of nodes that were deleted; kept by a trigger. */
  @Column({ type: 'bigint', default: 0, select: false }) nodesRemoved?: string;
  @Column({ ...TEXT_OR_NULL, select: false }) leaseHolder?: string | null;
  @Column({ type: 'bigint', default: 0, select: false }) leaseToken?: string;
  @Column({ ...TIME_OR_NULL, select: false }) leaseExpiresAt?: Date | null;
  /** When somebody last took the lease: the sweep's order. */
  @Column({ ...TIME_OR_NULL, select: false }) reconciledAt?: Date | null;
}
