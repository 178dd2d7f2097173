import { ApplicationCredentialEntity } from './application-credential.entity.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import { BayEventEntity } from './bay-event.entity.js';
import { BayEntity } from './bay.entity.js';
import { BaymodelEntity } from './baymodel.entity.js';
import { FlavorEntity, ImageEntity, KeypairEntity, NetworkEntity, SubnetEntity } from './catalogue.entities.js';
import { CertificateAuthorityEntity } from './certificate-authority.entity.js';
import { CertificateEntity } from './certificate.entity.js';
import { LoadBalancerEntity } from './load-balancer.entity.js';
import { LoadBalancerMemberEntity } from './load-balancer-member.entity.js';
import { LoginAddressEntity } from './login-address.entity.js';
import { NodeCredentialEntity } from './node-credential.entity.js';
import { NodeGroupEntity } from './node-group.entity.js';
import { NodeEntity } from './node.entity.js';
import { OperationEntity } from './operation.entity.js';
import { OutboxEntity } from './outbox.entity.js';
import { ProcessEntity } from './process.entity.js';
import { ProjectEntity } from './project.entity.js';
import { QuotaEntity } from './quota.entity.js';
import { RoleAssignmentEntity } from './role-assignment.entity.js';
import { SettingEntity } from './setting.entity.js';
import { TokenEntity } from './token.entity.js';
import { UserEntity } from './user.entity.js';

export const ENTITIES = [
  SettingEntity,
  ProjectEntity,
  UserEntity,
  RoleAssignmentEntity,
  LoginAddressEntity,
  ApplicationCredentialEntity,
  TokenEntity,
  FlavorEntity,
  ImageEntity,
  NetworkEntity,
  SubnetEntity,
  KeypairEntity,
  BaymodelEntity,
  BayEntity,
  NodeGroupEntity,
  NodeEntity,
  NodeCredentialEntity,
  LoadBalancerEntity,
  LoadBalancerMemberEntity,
  CertificateAuthorityEntity,
  CertificateEntity,
  BayEventEntity,
  OutboxEntity,
  OperationEntity,
  AuditEntryEntity,
  QuotaEntity,
  ProcessEntity,
];
