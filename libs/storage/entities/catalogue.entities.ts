import { Column, Entity, ForeignKey, Generated, Index, PrimaryColumn, Unique } from 'typeorm';
import type {
  Flavor,
  FlavorId,
  Image,
  ImageId,
  ImageStatus,
  Keypair,
  KeypairId,
  Labels,
  Network,
  NetworkId,
  Subnet,
  SubnetId,
  UserId,
} from '@baykeeper/domain';
import {
  BOOLEAN,
  CREATION_TIME,
  HIDDEN_SEQUENCE,
  INTEGER,
  INTEGER_OR_NULL,
  JSON_DOCUMENT,
  TEXT,
  TEXT_OR_NULL,
  TIME_OR_NULL,
  UUID,
} from './column-types.js';

/** Names are not unique, as in the clouds; where one is ambiguous, the id is used. */
@Entity('flavors')
export class FlavorEntity implements Flavor {
  @PrimaryColumn(UUID) id!: FlavorId;
  @Column(HIDDEN_SEQUENCE) @Generated('increment') sequence?: number;
  @Index('flavors_name_idx') @Column(TEXT) name!: string;
  @Column(TEXT_OR_NULL) description!: string | null;
  @Column(BOOLEAN) public!: boolean;
  @Column(BOOLEAN) builtIn!: boolean;
  @Column(CREATION_TIME) createdAt!: Date;
  @Column(TIME_OR_NULL) updatedAt!: Date | null;
  @Column(INTEGER) vcpus!: number;
  @Column(INTEGER) memoryMib!: number;
  @Column(INTEGER) diskGib!: number;
}

@Entity('images')
export class ImageEntity implements Image {
  @PrimaryColumn(UUID) id!: ImageId;
  @Column(HIDDEN_SEQUENCE) @Generated('increment') sequence?: number;
  @Index('images_name_idx') @Column(TEXT) name!: string;
  @Column(TEXT_OR_NULL) description!: string | null;
  @Column(BOOLEAN) public!: boolean;
  @Column(BOOLEAN) builtIn!: boolean;
  @Column(CREATION_TIME) createdAt!: Date;
  @Column(TIME_OR_NULL) updatedAt!: Date | null;
  @Column(TEXT_OR_NULL) osDistro!: string | null;
  @Column(TEXT_OR_NULL) architecture!: string | null;
  @Column(TEXT) status!: ImageStatus;
  @Column(INTEGER) minDiskGib!: number;
  @Column(INTEGER) minMemoryMib!: number;
  @Column(JSON_DOCUMENT) properties!: Labels;
  @Column(TEXT) driverImage!: string;
}

@Entity('networks')
export class NetworkEntity implements Omit<Network, 'subnets'> {
  @PrimaryColumn(UUID) id!: NetworkId;
  @Column(HIDDEN_SEQUENCE) @Generated('increment') sequence?: number;
  @Index('networks_name_idx') @Column(TEXT) name!: string;
  @Column(TEXT_OR_NULL) description!: string | null;
  @Column(BOOLEAN) public!: boolean;
  @Column(BOOLEAN) builtIn!: boolean;
  @Column(CREATION_TIME) createdAt!: Date;
  @Column(TIME_OR_NULL) updatedAt!: Date | null;
  @Column(BOOLEAN) external!: boolean;
  @Column(INTEGER_OR_NULL) mtu!: number | null;
}

@Entity('subnets')
export class SubnetEntity implements Subnet {
  @PrimaryColumn(UUID) id!: SubnetId;
  @Column(HIDDEN_SEQUENCE) @Generated('increment') sequence?: number;
  @ForeignKey(() => NetworkEntity, { onDelete: 'CASCADE' })
  @Index('subnets_network_id_idx')
  @Column(UUID)
  networkId!: NetworkId;
  @Index('subnets_name_idx') @Column(TEXT) name!: string;
  @Column(TEXT) cidr!: string;
  @Column(TEXT_OR_NULL) gatewayIp!: string | null;
}

/** A user's, in whichever project the user works; without a foreign key, because users may live in an outside Keystone. */
@Entity('keypairs')
@Unique(['userId', 'name'])
@Index('keypairs_user_id_sequence_idx', ['userId', 'sequence'])
export class KeypairEntity implements Keypair {
  @PrimaryColumn(UUID) id!: KeypairId;
  @Column(HIDDEN_SEQUENCE) @Generated('increment') sequence?: number;
  @Column(TEXT) userId!: UserId;
  @Column(TEXT) name!: string;
  @Column(TEXT) type!: string;
  @Column(TEXT) publicKey!: string;
  @Column(TEXT) fingerprint!: string;
  @Column(TEXT) sha256Fingerprint!: string;
  @Column(CREATION_TIME) createdAt!: Date;
}
