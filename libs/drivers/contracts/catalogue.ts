/** What bays can be made of, as the compute driver sees it. */
import type { FlavorFields, ImageFields, NetworkFields, SubnetFields } from '@baykeeper/domain';

export interface CatalogueEntries {
  readonly flavors: readonly FlavorFields[];
  readonly images: readonly ImageFields[];
  readonly networks: readonly (NetworkFields & { readonly subnets: readonly SubnetFields[] })[];
}

export interface CatalogueSource {
  /**
   * `administrators`: what the driver offers is where the catalogue begins, and administrators add to it. `cloud`: the
   * driver's entries are all there is, and are changed in the cloud.
   */
  readonly owner: 'administrators' | 'cloud';
  /** Whether an image of the catalogue can only be one of those offered here, under another name. */
  readonly bootsOnlyItsImages: boolean;
  /** What the driver offers by itself. Names within a kind are unique: they decide the entries' ids. */
  entries(): Promise<CatalogueEntries>;
}
