import { BaykeeperError, type Baymodel } from '@baykeeper/domain';
import type { Stores } from '@baykeeper/storage';
import type { Caller } from '../caller.js';
import type { CatalogueLookup } from '../catalogue/catalogue-lookup.js';
import { findEntries } from '../catalogue/check-references.js';
import { showName } from '../validation/refuse.js';
import type { BayRows } from './new-bay.js';

/**
 * Ties a new bay to what its names mean now: to the rows of the catalogue, and to the text of the key. Whatever is
 * renamed, changed or deleted later changes no bay.
 * @throws BaykeeperError `not-found` for a keypair that the caller does not have (Magnum), else as {@link findEntries}
 */
export async function pinToCatalogue(
  entries: CatalogueLookup,
  { keypairs }: Pick<Stores, 'keypairs'>,
  caller: Caller,
  baymodel: Pick<Baymodel, 'externalNetworkId'>,
  { bay, groups }: BayRows,
): Promise<BayRows> {
  const found = await findEntries(entries, caller, { ...bay, externalNetworkId: baymodel.externalNetworkId });
  return {
    bay: {
      ...bay,
      refs: {
        fixedNetworkRef: found.fixedNetwork?.id ?? null,
        fixedSubnetRef: found.fixedSubnet?.id ?? null,
        sshPublicKey: bay.keypair === null ? null : await publicKeyOf(keypairs, caller, bay.keypair),
      },
    },
    groups: groups.map((group) => ({
      ...group,
      refs: {
        imageRef: found.image.id,
        flavorRef: (group.role === 'master' ? found.masterFlavor : found.flavor)?.id ?? null,
      },
    })),
  };
}

async function publicKeyOf(keypairs: Stores['keypairs'], caller: Caller, ident: string): Promise<string> {
  try {
    return (await keypairs.find(caller.userId, ident)).publicKey;
  } catch (error) {
    if (!(error instanceof BaykeeperError) || error.code !== 'not-found') throw error;
    throw new BaykeeperError({
      code: 'not-found',
      publicMessage: `Unable to find keypair ${showName(ident)}: choose one of yours in /v1/keypairs, or add it there.`,
    });
  }
}
