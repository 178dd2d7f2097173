/** The zip with which a tenant's client speaks to a bay: made anew for each download, and kept nowhere. */
import { BaykeeperError, type Bay } from '@baykeeper/domain';
import type { TenantAccess } from '@baykeeper/drivers';
import { credentialsZip } from '@baykeeper/pki';
import type { Database } from '@baykeeper/storage';
import { recordAudit } from '../audit/record-audit.js';
import type { Caller } from '../caller.js';
import type { Engines } from '../catalogue/catalogue.js';
import type { Certificates } from '../certificates/certificates.js';

export interface CredentialsDependencies {
  readonly database: Pick<Database, 'stores'>;
  readonly engines: Engines;
  readonly certificates: Pick<Certificates, 'createClientIdentity'>;
}

export interface CredentialsBundle {
  readonly fileName: string;
  readonly zip: Uint8Array;
}

export class Credentials {
  constructor(private readonly dependencies: CredentialsDependencies) {}

  /**
   * @param bay found for the caller
   * @param commonName whom the certificate names; the caller's user name unless told
   * @param access what it is good for, if less than its caller may do
   * @throws BaykeeperError `conflict` while the bay has no address; `invalid-input` for a name that is not a tenant's
   */
  async bundle(
    caller: Caller,
    bay: Bay,
    commonName: string = caller.userName,
    access: TenantAccess | null = null,
  ): Promise<CredentialsBundle> {
    const { apiAddress } = bay;
    if (apiAddress === null) {
      throw new BaykeeperError({
        code: 'conflict',
        publicMessage: `Bay ${bay.name} has no address yet: ask again when its status is CREATE_COMPLETE.`,
      });
    }
    // What is signed is on record by that.
    const tls = bay.tlsDisabled
      ? null
      : await this.dependencies.certificates.createClientIdentity(caller, bay, commonName, access);
    if (tls === null) {
      await recordAudit(this.dependencies.database.stores, caller, {
        action: 'certificate:create_credentials',
        target: { kind: 'cluster', id: bay.id, name: bay.name },
        detail: 'Nothing was signed: the bay has no TLS.',
      });
    }
    const engine = this.dependencies.engines.engine(bay.engine);
    const files = engine.credentialFiles({ bayName: bay.name, apiAddress, tls });
    return { fileName: `${bay.name}.zip`, zip: credentialsZip(bay.name, files) };
  }
}
