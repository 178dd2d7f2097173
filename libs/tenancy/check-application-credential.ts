import { BaykeeperError, sourceOf } from '@baykeeper/domain';
import type { ApplicationCredentialRecord, Database, UserRecord } from '@baykeeper/storage';
import type { Attempt, LoginSettings, Subject } from './login-subject.js';
import { findUser, LONGEST_PASSWORD, takeTurn } from './check-password.js';
import type { CredentialProof } from './login.js';
import { secretMatches } from './secret.js';

/** @throws BaykeeperError `unauthenticated`; `too-many-requests` */
export async function checkApplicationCredential(
  { stores }: Database,
  { passwords, limiter, now }: LoginSettings,
  proof: CredentialProof,
  attempt: Attempt,
): Promise<Subject> {
  const source = sourceOf(attempt.address);
  await takeTurn(limiter, 'address', source);
  if (proof.secret.length > LONGEST_PASSWORD) throw refused('the secret is too long');
  const { user, credential } = await findCredential(stores, proof);
  attempt.user = user && { id: user.id, name: user.name };
  if (!user || !credential) throw refused('unknown application credential');
  await takeTurn(limiter, 'user', credential.id);
  if (!(await secretMatches(passwords, proof.secret, credential.secretHash, source))) {
    throw refused(`wrong secret of application credential ${credential.id}`);
  }
  if (!user.enabled) throw refused('disabled user');
  if (credential.expiresAt !== null && credential.expiresAt <= now()) {
    throw refused(`application credential ${credential.id} has expired`);
  }
  return { user, methods: ['application_credential'], parent: null, credential };
}

async function findCredential(
  { users, applicationCredentials }: Database['stores'],
  proof: CredentialProof,
): Promise<{ readonly user: UserRecord | null; readonly credential: ApplicationCredentialRecord | null }> {
  if (proof.id !== undefined) {
    const credential = await applicationCredentials.find(proof.id);
    return { user: credential && (await users.findById(credential.userId)), credential };
  }
  const user = await findUser(users, proof);
  const isNamed = user !== null && proof.name !== undefined;
  return { user, credential: isNamed ? await applicationCredentials.findByName(user.id, proof.name) : null };
}

function refused(detail: string): BaykeeperError {
  return new BaykeeperError({
    code: 'unauthenticated',
    publicMessage: 'The application credential or its secret is not right, or it has ended. Make a new one.',
    detail,
  });
}
