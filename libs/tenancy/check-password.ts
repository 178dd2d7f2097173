import { createHash, randomUUID } from 'node:crypto';
import { BaykeeperError, sourceOf, type UserId } from '@baykeeper/domain';
import type { Database, LockPolicy, UserRecord } from '@baykeeper/storage';
import type { Attempt, LoginSettings, Subject } from './login-subject.js';
import type { LoginLimiter, PasswordProof, UserReference } from './login.js';
import { isOurDomain } from './principal.js';

/**
 * Four slips from one address are free; then guessing from there gets slow: 1, 2, 4 … seconds, at most 5 minutes, which a
 * person can sit out. From all addresses together, a hundred wrong ones in a row slow down every address from
 * which the user did not log in lately, and never for long: else anybody could lock an administrator out.
 */
const LOCK_POLICIES: { readonly ofAddress: LockPolicy; readonly ofUser: LockPolicy } = {
  ofAddress: { allowed: 5, firstLockSeconds: 1, longestLockSeconds: 300 },
  ofUser: { allowed: 100, firstLockSeconds: 1, longestLockSeconds: 30 },
};

/** Keystone's own bound; hashing longer ones would be work for whoever sends them. */
export const LONGEST_PASSWORD = 4_096;

/** @throws BaykeeperError `unauthenticated`; `too-many-requests` */
export async function checkPassword(
  { stores }: Database,
  { passwords, limiter }: Pick<LoginSettings, 'passwords' | 'limiter'>,
  proof: PasswordProof,
  attempt: Attempt,
): Promise<Subject> {
  const { password } = proof;
  const source = sourceOf(attempt.address);
  await takeTurn(limiter, 'address', source);
  if (password.length > LONGEST_PASSWORD) throw loginRefused('the password is too long');
  const user = await findUser(stores.users, proof);
  attempt.user = user && { id: user.id, name: user.name };
  await takeTurnForUser(stores.users, limiter, user, proof, source);
  const matches = await passwords.matches(password, user?.passwordHash ?? passwords.nobodysHash, source);
  if (!user || !matches || !user.enabled) {
    // For a user that does not exist too, so that the answer takes one more round trip in every case.
    await stores.users.recordFailedLogin(user?.id ?? (randomUUID() as UserId), source, LOCK_POLICIES);
    throw loginRefused(user ? 'wrong password or disabled user' : 'unknown user');
  }
  if (!(await stores.users.completeLogin(user.id, source))) throw loginRefused('the user is locked for a while');
  if (passwords.isOutdated(user.passwordHash)) {
    await stores.users.replaceHash(user.id, user.passwordHash, await passwords.hash(password, source));
  }
  return { user, methods: ['password'], parent: null, credential: null };
}

export function findUser(users: Database['stores']['users'], reference: UserReference): Promise<UserRecord | null> {
  const { userId, userName, domain } = reference;
  if (userId !== undefined) return users.findById(userId);
  if (userName !== undefined && isOurDomain(domain)) return users.findByName(userName);
  return Promise.resolve(null);
}

/** @throws BaykeeperError `too-many-requests` */
export async function takeTurn(limiter: LoginLimiter, kind: 'address' | 'user', key: string): Promise<void> {
  const retryAfterSeconds = await limiter.take(kind, key);
  if (retryAfterSeconds === 0) return;
  throw new BaykeeperError({
    code: 'too-many-requests',
    publicMessage: `Too many logins: try again in ${retryAfterSeconds} seconds.`,
    detail: `too many logins of this ${kind}`,
    retryAfterSeconds,
  });
}

/** Where a user is at home, what others try with its name does not count. */
async function takeTurnForUser(
  users: Database['stores']['users'],
  limiter: LoginLimiter,
  user: UserRecord | null,
  { userId, userName }: UserReference,
  source: string,
): Promise<void> {
  if (user && (await users.isKnownAddress(user.id, source))) return;
  // A name that nobody has may be a password: it goes nowhere as it is.
  const key =
    user?.id ??
    createHash('sha256')
      .update(userId ?? userName ?? '')
      .digest('hex');
  await takeTurn(limiter, 'user', key);
}

export function loginRefused(detail: string): BaykeeperError {
  return new BaykeeperError({
    code: 'unauthenticated',
    publicMessage: 'The user name or the password is not right. Check both; after several tries wait a few minutes.',
    detail,
  });
}
