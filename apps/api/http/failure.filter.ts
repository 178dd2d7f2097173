import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BaykeeperError, type Log } from '@baykeeper/domain';
import { failureOf, formOf } from './failure.js';

export interface FailureContext {
  readonly baseUrl: string;
  /** Where tokens come from, if not from here. */
  readonly identityUrl?: string | undefined;
  readonly log: Log;
}

/** Answers a failure in the form its clients understand; logs what is our fault. */
export function sendFailure(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { baseUrl, identityUrl, log }: FailureContext,
): void {
  if (error instanceof BaykeeperError) request.reason = error.publicMessage;
  const failure = failureOf(error, formOf(request.url), baseUrl, identityUrl);
  if (failure.isOurs) {
    const { id: requestId, method } = request;
    log.error({ err: error, requestId, method, route: request.routeOptions.url }, 'answering with a failure of ours');
  }
  void reply.status(failure.status).headers(failure.headers).send(failure.body);
}

@Catch()
export class FailureFilter implements ExceptionFilter {
  constructor(private readonly context: FailureContext) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendFailure(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), this.context);
  }
}
