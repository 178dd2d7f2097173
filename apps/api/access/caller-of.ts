import { BaykeeperError } from '@baykeeper/domain';
import type { Caller } from '@baykeeper/services';
import type { Actor } from '@baykeeper/tenancy';
import type { FastifyRequest } from 'fastify';

/** Who asks, as the access check found. Only for routes whose rule asks for a role. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller !== null) return request.caller;
  throw nobody();
}

/** The same for the identity service, where a token need not be good for a project. */
export function actorOf(request: FastifyRequest): Actor {
  const { holder } = request;
  if (holder === null) throw nobody();
  const { userId, userName, projectId, roles, isSystemAdmin, applicationCredential } = holder;
  const isRestricted = applicationCredential?.unrestricted === false;
  const accessRules = applicationCredential?.accessRules ?? null;
  return {
    ...{ userId, userName, projectId, roles, isSystemAdmin, isRestricted, accessRules },
    ...{ requestId: request.id, address: request.ip },
  };
}

function nobody(): BaykeeperError {
  return new BaykeeperError({
    code: 'internal',
    publicMessage: 'Something went wrong on our side. Try again later.',
    detail: 'a route that asks for no role wants to know its caller',
  });
}
