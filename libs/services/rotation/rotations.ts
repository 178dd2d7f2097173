/** Changing what a bay's certificates and credentials are made of: checked and written down, and refused as long as no engine can do it. */
import type { Bay } from '@baykeeper/domain';
import type { Database } from '@baykeeper/storage';
import { recordRefusal } from '../audit/record-audit.js';
import { ownScope, type Caller } from '../caller.js';
import { invalidInput } from '../validation/refuse.js';

export class Rotations {
  constructor(private readonly database: Pick<Database, 'stores'>) {}

  /** @throws BaykeeperError always: `not-found`, or `invalid-input` with why not */
  rotateAuthorities(caller: Caller, ident: string): Promise<never> {
    return this.refuse(caller, ident, 'certificate:rotate_ca', (bay) =>
      bay.tlsDisabled
        ? 'Rotating the CA certificate on a non-TLS cluster is not supported.'
        : `Rotating the CA of a ${bay.engine} cluster is not supported yet: make a new cluster and move your work there.`,
    );
  }

  /** @throws BaykeeperError always: `not-found`, or `invalid-input` with why not */
  rotateCredentials(caller: Caller, ident: string): Promise<never> {
    return this.refuse(
      caller,
      ident,
      'credential:rotate',
      (bay) => `A ${bay.engine} cluster keeps no credentials of a cloud, and rotating its own is not supported yet.`,
    );
  }

  private async refuse(caller: Caller, ident: string, action: string, why: (bay: Bay) => string): Promise<never> {
    const bay = await this.database.stores.bays.find(ownScope(caller), ident);
    const detail = why(bay);
    const target = { kind: 'cluster', id: bay.id, name: bay.name };
    await recordRefusal(this.database.stores, caller, { action, target, detail });
    throw invalidInput(detail);
  }
}
