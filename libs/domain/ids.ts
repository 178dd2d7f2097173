/** Branded identifiers: a bay's id can't be handed to something that wants a node's. All are lower-case UUIDs. */
declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

export type ProjectId = Id<'ProjectId'>;
export type UserId = Id<'UserId'>;
export type BaymodelId = Id<'BaymodelId'>;
export type BayId = Id<'BayId'>;
export type NodeGroupId = Id<'NodeGroupId'>;
export type NodeId = Id<'NodeId'>;
export type LoadBalancerId = Id<'LoadBalancerId'>;
export type FlavorId = Id<'FlavorId'>;
export type ImageId = Id<'ImageId'>;
export type NetworkId = Id<'NetworkId'>;
export type SubnetId = Id<'SubnetId'>;
export type KeypairId = Id<'KeypairId'>;
export type CertificateAuthorityId = Id<'CertificateAuthorityId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether `text` is an id as we write them (lower case, dashes). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
