/** Puts the pki library on top of our database; the API and the worker both do it this way. */
import type { Bay } from '@baykeeper/domain';
import type { ControlIdentity } from '@baykeeper/drivers';
import {
  CONTROL_PLANE_NAME,
  openBayAuthorities,
  openControlIdentities,
  type BayAuthorities,
  type KeyVault,
} from '@baykeeper/pki';
import { SYSTEM, type Database } from '@baykeeper/storage';
import type { Engines } from '../catalogue/catalogue.js';

export interface BayPki {
  readonly authorities: BayAuthorities;
  /** PEM texts with which the control plane speaks to a bay's engine; null for a bay without TLS. */
  readonly controlIdentity: (bay: Bay) => Promise<ControlIdentity | null>;
}

export function openBayPki(options: { database: Database; vault: KeyVault; engines: Engines }): BayPki {
  const { certificateAuthorities } = options.database.stores;
  const authorities = openBayAuthorities({
    vault: options.vault,
    records: {
      find: (bayId, purpose) => certificateAuthorities.findByBay(SYSTEM, bayId, purpose),
      insert: (authority) => certificateAuthorities.insert(SYSTEM, authority),
    },
  });
  const identities = openControlIdentities({ authorities });
  return {
    authorities,
    async controlIdentity(bay) {
      if (bay.tlsDisabled) return null;
      const engine = options.engines.engine(bay.engine);
      const profile = engine.clientCertificate(CONTROL_PLANE_NAME, 'control-plane');
      if (engine.usesEtcd !== true) return identities.forBay(bay, profile);
      const [cluster, etcd] = await Promise.all([
        identities.forBay(bay, profile),
        identities.forBay(bay, { ...profile, organization: null }, 'etcd'),
      ]);
      return { ...cluster, etcd };
    },
  };
}
