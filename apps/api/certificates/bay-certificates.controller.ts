/** What was signed for a bay, and until when it is good. */
import { X509Certificate } from 'node:crypto';
import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Bays, Certificates, parseQuery } from '@baykeeper/services';
import type { CertificateRecord } from '@baykeeper/storage';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { sequenceText } from '../bays/bay-queries.js';
import { CONFLICTING, IDENT, MISSING, REFUSED, timeSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { timestamp } from '../http/timestamp.js';

const PAGE = 100;
const MARKER_ADVICE = 'give the serial of the last certificate of the page before';
const KIND_ADVICE = 'give client or node';

const certificatesQuery = z.strictObject({
  kind: z.enum(['client', 'node'], { error: KIND_ADVICE }).optional(),
  limit: sequenceText('give a whole number from 1 to 1000', 1, 1_000).optional(),
  marker: z
    .string({ error: MARKER_ADVICE })
    .regex(/^[0-9a-f]{1,64}$/, { error: MARKER_ADVICE })
    .optional(),
});

const certificatesAnswer = z
  .strictObject({
    authority: z.strictObject({ subject: z.string(), serial: z.string(), not_after: timeSchema }),
    certificates: z.array(
      z.strictObject({
        serial: z.string(),
        subject: z.string(),
        kind: z.enum(['client', 'node']).describe('Of people and programs; or of a node, which renews its own'),
        user_id: z.string().nullable(),
        node_uuid: z.uuid().nullable(),
        issued_at: timeSchema,
        not_after: timeSchema,
      }),
    ),
    next: z.string().optional(),
  })
  .meta({ id: 'BayCertificates' });

@Controller('v1/bays')
export class BayCertificatesController {
  constructor(
    private readonly bays: Bays,
    private readonly certificates: Certificates,
    private readonly settings: ApiSettings,
  ) {}

  @Get(':ident/certificates')
  @Operation({
    access: 'cluster:get_certificates',
    summary: 'List a bay’s certificates that were not taken back: what ends first stands first',
    description: 'The certificates themselves are not kept: this is the record of what was signed.',
    parameters: IDENT,
    query: certificatesQuery,
    answers: {
      200: { description: 'A page of certificates', schema: certificatesAnswer },
      ...REFUSED,
      ...MISSING,
      ...CONFLICTING,
    },
  })
  async list(@Req() request: FastifyRequest, @Param('ident') ident: string, @Query() query: unknown) {
    const { kind = null, limit = PAGE, marker = null } = parseQuery(certificatesQuery, query);
    const bay = await this.bays.find(callerOf(request), ident);
    const [pem, found] = await Promise.all([
      this.certificates.showAuthority(bay),
      this.certificates.list(bay, { kind, limit, after: marker }),
    ]);
    const last = found.length === limit ? found.at(-1) : undefined;
    const filter = kind === null ? '' : `kind=${kind}&`;
    const next = `${this.settings.baseUrl}/v1/bays/${bay.id}/certificates?${filter}limit=${String(limit)}&marker=${last?.serial ?? ''}`;
    return {
      authority: authorityBody(pem),
      certificates: found.map(certificateBody),
      ...(last !== undefined && { next }),
    };
  }
}

function authorityBody(pem: string) {
  const { subject, serialNumber, validTo } = new X509Certificate(pem);
  return {
    subject: subject.replaceAll('\n', ', '),
    serial: serialNumber.toLowerCase(),
    not_after: timestamp(new Date(validTo)),
  };
}

function certificateBody({ serial, subject, kind, userId, nodeId, issuedAt, notAfter }: CertificateRecord) {
  return {
    ...{ serial, subject, kind, user_id: userId, node_uuid: nodeId },
    ...{ issued_at: timestamp(issuedAt), not_after: timestamp(notAfter) },
  };
}
