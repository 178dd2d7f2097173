import { randomUUID } from 'node:crypto';
import { BaykeeperError, sourceOf } from '@baykeeper/domain';
import type { AccessRule, ApplicationCredentialRecord, Database } from '@baykeeper/storage';
import { LONGEST_PASSWORD } from './check-password.js';
import type { Passwords } from './password.js';
import { checkMayChange, invalid, missing, notAllowed, type Actor } from './principal.js';
import { recordChange } from './record-change.js';
import { isRole } from './roles.js';
import { makeSecret } from './secret.js';

/** Without what is secret. */
export type ApplicationCredential = Omit<ApplicationCredentialRecord, 'secretHash'>;

type NewAccessRules = readonly Omit<AccessRule, 'id'>[] | null;

export interface NewApplicationCredential {
  readonly name: string;
  readonly description: string | null;
  /** Null: one is made. */
  readonly secret: string | null;
  /** Null: all that the actor has. */
  readonly roles: readonly string[] | null;
  readonly unrestricted: boolean;
  /** Null: those of the actor, if it has any. */
  readonly accessRules: NewAccessRules;
  readonly expiresAt: Date | null;
}

/** A user has no use for more; a program that makes one a minute would. */
const MOST_PER_USER = 250;

/**
 * Logins for programs: a user makes them for the project that the token is for, with roles of that token. Only the user
 * makes them; whoever runs the installation sees and removes them, too.
 */
export class ApplicationCredentials {
  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly now: () => Date,
    /** Called after what tokens are good for may have changed. */
    private readonly changed: () => void,
  ) {}

  /** @throws BaykeeperError `forbidden` for those of another user */
  async list(
    actor: Actor,
    userId: string,
    filter: { readonly name?: string | undefined },
    page: { readonly limit: number; readonly marker: string | null },
  ): Promise<readonly ApplicationCredential[]> {
    const owner = await this.ownerOf(actor, userId, 'identity:list_application_credentials');
    return (await this.database.stores.applicationCredentials.list(owner, filter, page)).map(withoutSecret);
  }

  /** @throws BaykeeperError `forbidden` for one of another user; `not-found` */
  async get(actor: Actor, userId: string, id: string): Promise<ApplicationCredential> {
    const owner = await this.ownerOf(actor, userId, 'identity:get_application_credential');
    const credential = await this.database.stores.applicationCredentials.find(id);
    if (credential?.userId !== owner) throw missing('application credential', id);
    return withoutSecret(credential);
  }

  /**
   * @returns with the secret, which is seen this once
   * @throws BaykeeperError `invalid-input`; `forbidden`; `conflict` when the user has one of that name
   */
  async create(
    actor: Actor,
    userId: string,
    wish: NewApplicationCredential,
  ): Promise<ApplicationCredential & { readonly secret: string }> {
    checkMayChange(actor);
    const { projectId } = actor;
    if (userId !== actor.userId) throw notAllowed('identity:create_application_credential');
    if (projectId === null) throw invalid('An application credential is for a project: log in to one.');
    const roles = rolesFor(actor, wish.roles);
    const accessRules = accessRulesFor(actor, wish.accessRules);
    if (wish.expiresAt !== null && wish.expiresAt <= this.now()) {
      throw invalid('Invalid input for field/attribute expires_at: give a time that is yet to come.');
    }
    const { secret, hash } = await this.secretFor(actor, wish.secret);
    const { name, description, unrestricted, expiresAt } = wish;
    const made = await this.database.transaction(async (stores) => {
      if ((await stores.applicationCredentials.countByUser(actor.userId)) >= MOST_PER_USER) {
        throw invalid(`A user has at most ${MOST_PER_USER} application credentials: delete some first.`);
      }
      const credential = await stores.applicationCredentials.insert({
        ...{ id: randomUUID(), userId: actor.userId, projectId, name, description },
        ...{ secretHash: hash, roles, unrestricted, expiresAt },
        accessRules:
          accessRules && accessRules.map(({ service, method, path }) => ({ service, method, path, id: randomUUID() })),
      });
      const target = { kind: 'application_credential', id: credential.id, name };
      const detail = `roles ${roles.join(', ')}${unrestricted ? ', unrestricted' : ''}`;
      await recordChange(stores, actor, { action: 'identity:create_application_credential', target, detail });
      return credential;
    });
    return { ...withoutSecret(made), secret };
  }

  /** Its tokens end, too. @throws BaykeeperError `forbidden` for one of another user; `not-found` */
  async remove(actor: Actor, userId: string, id: string): Promise<void> {
    checkMayChange(actor);
    const credential = await this.get(actor, userId, id);
    await this.database.transaction(async (stores) => {
      await stores.applicationCredentials.remove([id]);
      const target = { kind: 'application_credential', id, name: credential.name };
      await recordChange(stores, actor, { action: 'identity:delete_application_credential', target });
    });
    this.changed();
  }

  private async ownerOf(actor: Actor, userId: string, action: string): Promise<Actor['userId']> {
    if (userId === actor.userId) return actor.userId;
    if (!actor.isSystemAdmin) throw notAllowed(action);
    const user = await this.database.stores.users.findById(userId);
    if (user === null) throw missing('user', userId);
    return user.id;
  }

  private async secretFor(actor: Actor, chosen: string | null): Promise<{ secret: string; hash: string }> {
    if (chosen === null) return makeSecret();
    if (chosen.length === 0 || chosen.length > LONGEST_PASSWORD) {
      throw invalid(`A secret has 1 to ${LONGEST_PASSWORD} characters: leave it out to get a good one.`);
    }
    return { secret: chosen, hash: await this.passwords.hash(chosen, sourceOf(actor.address)) };
  }
}

/** A login that is good for some requests makes none that is good for more. @throws BaykeeperError `invalid-input` */
function accessRulesFor({ accessRules: own = null }: Actor, wanted: NewAccessRules): NewAccessRules {
  if (own === null) return wanted;
  const isOwn = (rule: Omit<AccessRule, 'id'>): boolean =>
    own.some(({ service, method, path }) => service === rule.service && method === rule.method && path === rule.path);
  if (wanted === null || wanted.every(isOwn)) return wanted ?? own;
  throw invalid(
    'An application credential with access rules makes only such with its own rules: leave out the others.',
  );
}

/** @throws BaykeeperError `invalid-input` for an unknown one; `forbidden` for one that the actor does not have */
function rolesFor(actor: Actor, wanted: readonly string[] | null): readonly string[] {
  const roles = [...new Set(wanted ?? actor.roles)];
  if (roles.length === 0) throw invalid('Invalid input for field/attribute roles: give at least one role.');
  const unknown = roles.find((role) => !isRole(role));
  if (unknown !== undefined) throw missing('role', unknown);
  if (!roles.every((role) => actor.roles.includes(role))) {
    throw new BaykeeperError({
      code: 'invalid-input',
      publicMessage: 'An application credential has roles of its user in the project: leave out those that you lack.',
    });
  }
  return roles;
}

function withoutSecret({ secretHash: _hash, ...credential }: ApplicationCredentialRecord): ApplicationCredential {
  return credential;
}
