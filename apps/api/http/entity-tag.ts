/** Reads that are asked again and again: who has the answer already is told so, and gets no second copy (RFC 9110, 8.8.3). */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JSON_TYPE } from './pages.js';

/** @returns the text to send; empty with status 304 when the client has it */
export function answerWithTag(request: FastifyRequest, reply: FastifyReply, body: unknown): string {
  const text = JSON.stringify(body);
  const tag = `"${createHash('sha1').update(text).digest('base64url')}"`;
  void reply.headers({
    ETag: tag,
    'Cache-Control': 'private, no-cache',
    Vary: 'OpenStack-API-Version, Cookie, X-Auth-Token',
  });
  if (hasTag(request.headers['if-none-match'], tag)) {
    void reply.status(304);
    return '';
  }
  void reply.type(JSON_TYPE);
  return text;
}

function hasTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((given) => given.trim().replace(/^W\//, '') === tag || given.trim() === '*');
}
