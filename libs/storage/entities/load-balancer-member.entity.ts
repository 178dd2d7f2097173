import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { KnownMember, LoadBalancerId, NodeId } from '@baykeeper/domain';
import { BOOLEAN, INTEGER, TEXT, UUID } from './column-types.js';
import { LoadBalancerEntity } from './load-balancer.entity.js';

@Entity('load_balancer_members')
@ForeignKey(() => LoadBalancerEntity, ['loadBalancerId'], ['id'], { onDelete: 'CASCADE' })
export class LoadBalancerMemberEntity implements KnownMember {
  @PrimaryColumn(UUID) loadBalancerId!: LoadBalancerId;
  @PrimaryColumn(TEXT) listener!: string;
  @PrimaryColumn(UUID) nodeId!: NodeId;
  @Column(TEXT) name!: string;
  @Column(TEXT) address!: string;
  @Column(INTEGER) port!: number;
  @Column(BOOLEAN) confirmed!: boolean;
}
