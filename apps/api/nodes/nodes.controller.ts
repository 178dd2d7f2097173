/** What nodes call by themselves, with their own bearer tokens. Plain texts, so that a shell and curl can do it. */
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import { renderEnvironmentFile } from '@baykeeper/drivers/bootstrap/index.js';
import { Artifacts, NodeEnrolment, invalidInput, parseQuery } from '@baykeeper/services';
import { SHA256_PATTERN } from '@baykeeper/drivers/artifacts/artifact-version.js';
import { Operation } from '../http/operation.decorator.js';

/** Characters of a certificate request; a node's has a few hundred. */
const LONGEST_REQUEST = 16 * 1024;
const DEFAULT_WAIT_SECONDS = 25;
const ID = { id: 'The node’s UUID' };
const TEXT = ['text/plain'];
const BINARY = 'application/octet-stream';
const REFUSED = {
  400: { description: 'The input is wrong', mediaTypes: TEXT },
  401: { description: 'The token is not (or no longer) this node’s', mediaTypes: TEXT },
};

const word = (advice: string, max = 64) => z.string({ error: advice }).max(max, { error: advice });
const signalQuery = z.strictObject({
  phase: word('give the name of a phase'),
  outcome: word('give ok or failed'),
  message: word('give a sentence once', 8_192).optional(),
});
const WAIT_ADVICE = 'give a number of seconds';
const joinQuery = z.strictObject({
  wait: z
    .string({ error: WAIT_ADVICE })
    .regex(/^\d{1,4}$/, { error: WAIT_ADVICE })
    .transform(Number)
    .default(DEFAULT_WAIT_SECONDS)
    .meta({ type: 'integer' }),
});

@Controller('v1/nodes')
export class NodesController {
  constructor(
    private readonly enrolment: NodeEnrolment,
    private readonly artifacts: Artifacts,
  ) {}

  @Post(':id/certificate')
  @HttpCode(200)
  @Operation({
    access: 'node:enrol',
    summary: 'Get a certificate for the key that the node made',
    description: 'With the single-use token. The answer’s header X-Baykeeper-Session holds the token for later calls.',
    parameters: ID,
    body: { mediaType: 'application/x-pem-file', description: 'A certificate request in PEM form' },
    answers: {
      200: { description: 'The node’s certificate, then its authority’s', mediaTypes: ['application/x-pem-file'] },
      ...REFUSED,
      503: { description: 'Not yet: ask again after the time in Retry-After', mediaTypes: TEXT },
    },
  })
  async createCertificate(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body() csr: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const token = bearerOf(request);
    if (typeof csr !== 'string') throw invalidInput('Missing body: send a certificate request in PEM form.');
    if (csr.length > LONGEST_REQUEST) {
      throw invalidInput(`The certificate request is too long: send at most ${LONGEST_REQUEST} characters.`);
    }
    const { pem, sessionToken } = await this.enrolment.certificate(id, token, csr);
    void reply.headers({ 'Content-Type': 'application/x-pem-file', 'X-Baykeeper-Session': sessionToken });
    return pem;
  }

  @Get(':id/join')
  @Operation({
    access: 'node:enrol',
    summary: 'Wait for the node’s turn to join',
    parameters: ID,
    query: joinQuery,
    answers: {
      200: { description: 'What it needs to join, as shell variables', mediaTypes: TEXT },
      204: { description: 'Not yet: ask again' },
      ...REFUSED,
      409: { description: 'It can’t join, ever: the text says why', mediaTypes: TEXT },
    },
  })
  async join(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { wait } = parseQuery(joinQuery, query);
    const gone = new AbortController();
    reply.raw.once('close', () => {
      gone.abort();
    });
    const data = await this.enrolment.join(id, bearerOf(request), { waitSeconds: wait, gone: gone.signal });
    if (data === null) {
      void reply.status(204);
      return undefined;
    }
    void reply.header('Content-Type', 'text/plain; charset=utf-8');
    return renderEnvironmentFile(data);
  }

  @Get(':id/artifacts/:sha256')
  @Operation({
    access: 'node:enrol',
    summary: 'Get a file of the artifact mirror',
    parameters: { ...ID, sha256: 'SHA-256 of the file in hexadecimal' },
    answers: {
      200: { description: 'The file', mediaTypes: [BINARY] },
      ...REFUSED,
      404: { description: 'The mirror has no such file', mediaTypes: TEXT },
    },
  })
  async artifact(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Param('sha256') sha256: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const token = bearerOf(request);
    if (!SHA256_PATTERN.test(sha256)) throw invalidInput('The checksum is wrong: give 64 hexadecimal digits.');
    const { size, content } = await this.artifacts.readForNode(id, token, sha256);
    void reply.headers({ 'Content-Type': BINARY, 'Content-Length': size });
    return content;
  }

  @Post(':id/signals')
  @HttpCode(204)
  @Operation({
    access: 'node:enrol',
    summary: 'Tell how far the node is',
    parameters: ID,
    query: signalQuery,
    body: { mediaType: 'text/plain', description: 'The end of the log; of interest with a failure' },
    bodyIsOptional: true,
    answers: { 204: { description: 'Taken down' }, ...REFUSED },
  })
  async report(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: unknown,
    @Body() log: unknown,
  ): Promise<void> {
    const token = bearerOf(request);
    const { phase, outcome, message } = parseQuery(signalQuery, query);
    await this.enrolment.report(id, token, {
      phase,
      outcome,
      message: message ?? null,
      log: typeof log === 'string' ? log : '',
    });
  }
}

/** RFC 6750 section 2.1. */
function bearerOf(request: FastifyRequest): string {
  const [, token] = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw missingToken();
  return token;
}

function missingToken(): BaykeeperError {
  return new BaykeeperError({
    code: 'unauthenticated',
    publicMessage: 'The token of the node is missing: send it in the header Authorization, after the word Bearer.',
  });
}
