import { createHash } from 'node:crypto';
import type { FlavorId, ImageId, NetworkId, SubnetId } from '@baykeeper/domain';
import type { CatalogueEntries, CatalogueSource } from '@baykeeper/drivers';
import type { CatalogueStore } from '@baykeeper/storage';

/**
 * Puts what the compute driver offers into the catalogue, at every start: an entry is the same as long as it has the same
 * name, whatever else about it has changed.
 */
export async function putBuiltIns(
  { catalogue }: { readonly catalogue: Pick<CatalogueStore, 'putBuiltIns'> },
  source: CatalogueSource,
): Promise<CatalogueEntries> {
  const entries = await source.entries();
  const { flavors, images, networks } = entries;
  await catalogue.putBuiltIns({
    flavors: flavors.map((flavor) => ({ ...flavor, id: idOf('flavor', flavor.name) as FlavorId })),
    images: images.map((image) => ({ ...image, id: idOf('image', image.name) as ImageId })),
    networks: networks.map((network) => ({
      ...network,
      id: idOf('network', network.name) as NetworkId,
      subnets: network.subnets.map((subnet) => ({
        ...subnet,
        id: idOf('subnet', `${network.name}/${subnet.name}`) as SubnetId,
      })),
    })),
  });
  return entries;
}

/** Prefixes from which machines get their addresses. */
export function machineSubnetsOf({ networks }: CatalogueEntries): readonly string[] {
  return networks.flatMap(({ external, subnets }) => (external ? [] : subnets.map(({ cidr }) => cidr)));
}

/** A UUID made of a name, in the layout of RFC 9562's version 8. */
export function idOf(kind: string, name: string): string {
  const hash = createHash('sha256').update(`baykeeper ${kind} ${name}`).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
