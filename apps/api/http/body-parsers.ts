import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { BaykeeperError } from '@baykeeper/domain';
import { invalidInput } from '@baykeeper/services';

/** A file of the artifact mirror. A type of its own, so that no client sends it by accident. */
export const ARTIFACT_MEDIA_TYPE = 'application/vnd.baykeeper.artifact';

/**
 * JSON, and text where a route takes it. An empty body counts as none whatever its type says, because Magnum's clients
 * send `application/octet-stream` with their empty bodies.
 */
export function addBodyParsers(server: FastifyInstance): void {
  // Keys that could reach an object's prototype are refused, not dropped.
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();

  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, given, done) => {
    const body = given as Buffer;
    if (body.length === 0) done(null, undefined);
    else if (request.routeOptions.config.facts?.takesText) done(null, body.toString());
    // What is no UTF-8 would be read with marks in the place of what was meant, and kept so (RFC 8259, 8.1).
    else if (!isUtf8(body)) done(invalidInput('The body is no UTF-8: send JSON in that encoding.'), undefined);
    else void parseJson(request, body.toString(), done);
  });

  server.addContentTypeParser(ARTIFACT_MEDIA_TYPE, (request, payload, done) => {
    if (request.routeOptions.config.facts?.takesStream) done(null, payload);
    else done(unsupported(), undefined);
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
