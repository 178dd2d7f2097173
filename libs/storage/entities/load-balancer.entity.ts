import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { BayId, Listener, LoadBalancer, LoadBalancerId, Member, ProjectId } from '@baykeeper/domain';
import { BayEntity } from './bay.entity.js';
import { JSON_DOCUMENT, TEXT, TEXT_OR_NULL, TIME_OR_NULL, UUID } from './column-types.js';

@Entity('load_balancers')
@ForeignKey(() => BayEntity, ['bayId', 'projectId'], ['id', 'projectId'], { onDelete: 'CASCADE' })
@Unique(['bayId'])
export class LoadBalancerEntity implements LoadBalancer {
  @PrimaryColumn(UUID) id!: LoadBalancerId;
  @Column(UUID) bayId!: BayId;
  @Column(TEXT) projectId!: ProjectId;
  @Column(JSON_DOCUMENT) listeners!: readonly Listener[];
  @Column(TEXT_OR_NULL) address!: string | null;
  @Column(TIME_OR_NULL) requestedAt!: Date | null;
  /** When the balancer existed outside, not the row. */
  @Column(TIME_OR_NULL) createdAt!: Date | null;
  /** For processes of the version before members were rows; others neither read nor write it. */
  @Column({ ...JSON_DOCUMENT, select: false }) members?: Readonly<Record<string, readonly Member[]>>;
  /** Counts the changes of its rows of members. */
  @Column({ type: 'bigint', default: 0, select: false }) membersVersion?: string;
  @Column(TIME_OR_NULL) removedAt!: Date | null;
}
