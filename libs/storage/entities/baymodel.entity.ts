import { Column, Entity, ForeignKey, Generated, Index, PrimaryColumn } from 'typeorm';
import type {
  Baymodel,
  BaymodelId,
  EngineName,
  FlavorId,
  ImageId,
  Labels,
  NetworkId,
  ProjectId,
  ServerType,
  SubnetId,
  UserId,
} from '@baykeeper/domain';
import { FlavorEntity, ImageEntity, NetworkEntity, SubnetEntity } from './catalogue.entities.js';
import {
  BOOLEAN,
  CREATION_TIME,
  HIDDEN_SEQUENCE,
  INTEGER_OR_NULL,
  JSON_DOCUMENT,
  REFERENCE,
  TEXT,
  TEXT_OR_NULL,
  TIME_OR_NULL,
  UUID,
} from './column-types.js';
import { ProjectEntity } from './project.entity.js';

@Entity('baymodels')
@Index('baymodels_project_id_sequence_idx', ['projectId', 'sequence'])
@Index('baymodels_public_sequence_idx', ['sequence'], { where: 'public AND NOT hidden' })
@Index('baymodels_name_project_id_idx', ['name', 'projectId'])
export class BaymodelEntity implements Baymodel {
  @PrimaryColumn(UUID) id!: BaymodelId;
  @Column(HIDDEN_SEQUENCE) @Generated('increment') sequence?: number;
  @ForeignKey(() => ProjectEntity)
  @Column(TEXT)
  projectId!: ProjectId;
  @Column(TEXT) userId!: UserId;
  @Column(TEXT) name!: string;
  @Column(TEXT) coe!: EngineName;
  @Column(TEXT) imageId!: string;
  @Column(TEXT_OR_NULL) flavorId!: string | null;
  @Column(TEXT_OR_NULL) masterFlavorId!: string | null;
  @Column(TEXT_OR_NULL) keypairId!: string | null;
  @Column(TEXT_OR_NULL) dnsNameserver!: string | null;
  @Column(TEXT_OR_NULL) externalNetworkId!: string | null;
  @Column(TEXT_OR_NULL) fixedNetwork!: string | null;
  @Column(TEXT_OR_NULL) fixedSubnet!: string | null;
  @Column(TEXT_OR_NULL) networkDriver!: string | null;
  @Column(TEXT_OR_NULL) volumeDriver!: string | null;
  @Column(INTEGER_OR_NULL) apiserverPort!: number | null;
  @Column(INTEGER_OR_NULL) dockerVolumeSize!: number | null;
  @Column(TEXT_OR_NULL) dockerStorageDriver!: string | null;
  @Column(TEXT_OR_NULL) clusterDistro!: string | null;
  @Column(TEXT_OR_NULL) httpProxy!: string | null;
  @Column(TEXT_OR_NULL) httpsProxy!: string | null;
  @Column(TEXT_OR_NULL) noProxy!: string | null;
  @Column(TEXT_OR_NULL) insecureRegistry!: string | null;
  @Column(BOOLEAN) registryEnabled!: boolean;
  @Column(BOOLEAN) tlsDisabled!: boolean;
  @Column(BOOLEAN) public!: boolean;
  @Column(BOOLEAN) hidden!: boolean;
  @Column(BOOLEAN) masterLbEnabled!: boolean;
  @Column(BOOLEAN) floatingIpEnabled!: boolean;
  @Column(TEXT) serverType!: ServerType;
  @Column(JSON_DOCUMENT) labels!: Labels;
  @Column(TEXT_OR_NULL) tags!: string | null;
  @Column(TEXT_OR_NULL) driver!: string | null;
  @Column(CREATION_TIME) createdAt!: Date;
  @Column(TIME_OR_NULL) updatedAt!: Date | null;

  @ForeignKey(() => ImageEntity) @Column(REFERENCE) imageRef?: ImageId | null;
  @ForeignKey(() => FlavorEntity) @Column(REFERENCE) flavorRef?: FlavorId | null;
  @ForeignKey(() => FlavorEntity) @Column(REFERENCE) masterFlavorRef?: FlavorId | null;
  @ForeignKey(() => NetworkEntity) @Column(REFERENCE) externalNetworkRef?: NetworkId | null;
  @ForeignKey(() => NetworkEntity) @Column(REFERENCE) fixedNetworkRef?: NetworkId | null;
  @ForeignKey(() => SubnetEntity) @Column(REFERENCE) fixedSubnetRef?: SubnetId | null;
}
