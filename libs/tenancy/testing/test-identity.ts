/** An identity service over a database of its own, with a clock that tests set, and accounts to act as. */
import { randomUUID } from 'node:crypto';
import type { ProjectId, UserId } from '@baykeeper/domain';
import { openDatabase, type Database } from '@baykeeper/storage';
import type { TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import {
  openIdentity,
  type Actor,
  type FinishedLogin,
  type Identity,
  type Principal,
  type RequestedScope,
} from '../index.js';

export const PASSWORD = 'correct horse';
export const HOME = '192.0.2.1';

export interface TestIdentity {
  readonly database: Database;
  readonly url: string;
  readonly identity: Identity;
  readonly logins: readonly FinishedLogin[];
  /** Moves the clock on. */
  wait(ms: number): void;
  /** The first administrator, logged in to the project `admin`. */
  readonly administrator: Actor;
  project(): Promise<ProjectId>;
  /** A user, with roles in the project if there are any. */
  user(projectId?: ProjectId, ...roles: string[]): Promise<UserId>;
  login(userId: UserId, scope?: RequestedScope): Promise<{ readonly token: string; readonly principal: Principal }>;
  /** The same as an actor. */
  actor(userId: UserId, scope?: RequestedScope): Promise<Actor>;
  close(): Promise<void>;
}

export function actorOf(principal: Principal): Actor {
  const { userId, userName, projectId, roles, isSystemAdmin, applicationCredential } = principal;
  const isRestricted = applicationCredential?.unrestricted === false;
  const accessRules = applicationCredential?.accessRules ?? null;
  return {
    ...{ userId, userName, projectId, roles, isSystemAdmin, isRestricted, accessRules },
    ...{ requestId: 'req-1', address: HOME },
  };
}

export async function openTestIdentity(server: TestDatabase): Promise<TestIdentity> {
  const url = await server.freshUrl();
  const database = await openDatabase({ url });
  let clock = new Date();
  const logins: FinishedLogin[] = [];
  const identity = openIdentity({
    database,
    onLogin: (login) => logins.push(login),
    now: () => clock,
    passwordCost: { logN: 4, r: 8, p: 1 },
  });
  const { user: first } = await identity.bootstrapAdministrator({ password: PASSWORD });
  const login: TestIdentity['login'] = (userId, scope = null) =>
    identity.authenticate(
      { proof: { method: 'password', userId, password: PASSWORD }, scope },
      { address: HOME, requestId: null },
    );
  return {
    database,
    url,
    identity,
    logins,
    wait(ms) {
      clock = new Date(clock.getTime() + ms);
    },
    administrator: actorOf((await login(first.id)).principal),
    async project() {
      return (await identity.createProject({ name: `project-${randomUUID()}` })).id;
    },
    async user(projectId, ...roles) {
      const user = { name: `user-${randomUUID()}`, password: PASSWORD, defaultProjectId: projectId ?? null };
      const { id: userId } = await identity.createUser(user);
      for (const role of roles) if (projectId) await identity.assignRole({ userId, projectId, role });
      return userId;
    },
    login,
    actor: async (userId, scope) => actorOf((await login(userId, scope)).principal),
    close: () => database.close(),
  };
}
