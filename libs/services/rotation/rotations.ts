/**
 * Changing what a bay's certificates and credentials are made of. What no engine can do is checked, written down, and
 * refused with the reason.
 */
import type { Bay, BayId } from '@baykeeper/domain';
import type { Database } from '@baykeeper/storage';
import { recordAudit, recordRefusal } from '../audit/record-audit.js';
import { ownScope, type Caller } from '../caller.js';
import type { Engines } from '../catalogue/catalogue.js';
import { openBayContexts, type BayContexts, type BayContextsDependencies } from '../node-enrolment/bay-contexts.js';
import { invalidInput } from '../validation/refuse.js';

export interface RotationsDependencies extends BayContextsDependencies {
  readonly database: Database;
  readonly engines: Engines;
}

export class Rotations {
  private readonly contexts: BayContexts;

  constructor(private readonly dependencies: RotationsDependencies) {
    this.contexts = openBayContexts(dependencies);
  }

  /** @throws BaykeeperError always: `not-found`, or `invalid-input` with why not */
  async rotateAuthorities(caller: Caller, ident: string): Promise<never> {
    const bay = await this.find(caller, ident);
    const why = bay.tlsDisabled
      ? 'Rotating the CA certificate on a non-TLS cluster is not supported.'
      : `Rotating the CA of a ${bay.engine} cluster is not supported yet: make a new cluster and move your work there.`;
    return this.refuse(caller, bay, 'certificate:rotate_ca', why);
  }

  /**
   * Replaces what lets machines join the bay (of a swarm: its join tokens), at once. Nodes that have joined stay, and one
   * that is about to join asks again.
   * @throws BaykeeperError `not-found`; `invalid-input` for a bay that is not running, or whose engine keeps nothing to
   *   rotate; `provider-unavailable` when its engine does not answer
   */
  async rotateCredentials(caller: Caller, ident: string): Promise<BayId> {
    const bay = await this.find(caller, ident);
    const action = 'credential:rotate';
    const engine = this.dependencies.engines.engine(bay.engine);
    if (engine.rotateCredentials === undefined) {
      return this.refuse(caller, bay, action, `A ${bay.engine} cluster keeps no credentials that could be rotated.`);
    }
    if (bay.deletionRequestedAt !== null) {
      return this.refuse(
        caller,
        bay,
        action,
        `Cluster ${bay.id} is being deleted: there is nothing to rotate any more.`,
      );
    }
    if (bay.foundedAt === null) {
      return this.refuse(caller, bay, action, `Cluster ${bay.id} has no running master yet: ask again when it has.`);
    }
    const { operations } = this.dependencies.database.stores;
    const id = `rotate-credentials ${bay.id}`;
    await operations.begin({ id, bayId: bay.id, nodeId: null, kind: 'rotate-credentials' });
    try {
      await engine.rotateCredentials(await this.contexts.load(bay.id, this.dependencies.now()));
    } catch (error) {
      await operations.finish(id, { error: 'The engine did not rotate its credentials.' });
      throw error;
    }
    await this.dependencies.database.transaction(async (stores) => {
      await stores.operations.finish(id, { error: null });
      await stores.events.append({
        ...{ bayId: bay.id, projectId: bay.projectId, nodeId: null, kind: 'credentials-rotated', level: 'info' },
        message: 'The credentials with which machines join were replaced. Nodes that have joined are not affected.',
      });
      await recordAudit(stores, caller, { action, target: targetOf(bay) });
    });
    return bay.id;
  }

  private find(caller: Caller, ident: string): Promise<Bay> {
    return this.dependencies.database.stores.bays.find(ownScope(caller), ident);
  }

  private async refuse(caller: Caller, bay: Bay, action: string, detail: string): Promise<never> {
    await recordRefusal(this.dependencies.database.stores, caller, { action, target: targetOf(bay), detail });
    throw invalidInput(detail);
  }
}

function targetOf({ id, name }: Bay): { readonly kind: string; readonly id: string; readonly name: string } {
  return { kind: 'cluster', id, name };
}
