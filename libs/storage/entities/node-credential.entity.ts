import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { NodeId } from '@baykeeper/domain';
import { TEXT, TEXT_OR_NULL, TIME_OR_NULL, UUID } from './column-types.js';
import { NodeEntity } from './node.entity.js';

/** A row of its own, so that reading nodes never reads what they prove themselves with. Hashes only. */
@Entity('node_credentials')
@Unique(['enrolmentTokenHash'])
@Unique(['sessionTokenHash'])
export class NodeCredentialEntity {
  @ForeignKey(() => NodeEntity, { onDelete: 'CASCADE' })
  @PrimaryColumn(UUID)
  nodeId!: NodeId;
  @Column(TEXT) enrolmentTokenHash!: string;
  @Column(TEXT_OR_NULL) publicKeyHash!: string | null;
  @Column(TEXT_OR_NULL) sessionTokenHash!: string | null;
  @Column(TIME_OR_NULL) boundAt!: Date | null;
  /** The node said that its engine runs: it is told to the tenant once. */
  @Column(TIME_OR_NULL) engineStartedAt!: Date | null;
}
