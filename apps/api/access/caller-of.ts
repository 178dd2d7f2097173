import { BaykeeperError } from '@baykeeper/domain';
import type { Caller } from '@baykeeper/services';
import type { FastifyRequest } from 'fastify';

/** Who asks, as the access check found. Only for routes whose rule asks for a role. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller !== null) return request.caller;
  throw new BaykeeperError({
    code: 'internal',
    publicMessage: 'Something went wrong on our side. Try again later.',
    detail: 'a route that asks for no role wants to know its caller',
  });
}
