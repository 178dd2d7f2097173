import type { FastifyInstance } from 'fastify';
import { BaykeeperError } from '@baykeeper/domain';

/**
 * JSON, and text where a route takes it. An empty body counts as none whatever its type says, because Magnum's clients
 * send `application/octet-stream` with their empty bodies.
 */
export function addBodyParsers(server: FastifyInstance): void {
  // Keys that could reach an object's prototype are refused, not dropped.
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();

  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else if (request.routeOptions.config.facts?.takesText) done(null, body);
    else void parseJson(request, body as string, done);
  });

  server.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else if (request.routeOptions.config.facts?.takesText) done(null, body);
    else done(unsupported(), undefined);
  });
}

function unsupported(): BaykeeperError {
  return new BaykeeperError({
    code: 'unsupported-media-type',
    publicMessage: 'Unsupported media type: send the body as application/json.',
  });
}
