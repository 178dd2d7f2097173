import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError, type Bay } from '@baykeeper/domain';
import { Bays, Certificates, invalidAttribute, invalidInput, parseBody, parseQuery } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { CONFLICTING, IDENT, MISSING, REFUSED, linkSchema } from '../http/answers.js';
import { linksOf } from '../http/links.js';
import { Operation } from '../http/operation.decorator.js';

/** Characters; a request with many names stays far below. */
const LONGEST_REQUEST = 16 * 1024;
const CSR_ADVICE = `give a certificate request in PEM form, of at most ${LONGEST_REQUEST} characters`;
const BAY_ADVICE = 'give the UUID or name of a bay';
const ident = z.string({ error: BAY_ADVICE }).min(1, { error: BAY_ADVICE }).max(255, { error: BAY_ADVICE });

const signSchema = z
  .strictObject({
    cluster_uuid: ident.optional(),
    bay_uuid: ident.optional(),
    csr: z.string({ error: CSR_ADVICE }).min(1, { error: CSR_ADVICE }).max(LONGEST_REQUEST, { error: CSR_ADVICE }),
    ca_cert_type: z.string().max(64).nullable().optional(),
    pem: z.string().nullable().optional(),
  })
  .meta({ id: 'CertificateInput' });

const certificateAnswer = z
  .strictObject({
    cluster_uuid: z.uuid(),
    bay_uuid: z.uuid(),
    links: z.array(linkSchema),
    pem: z.string(),
    csr: z.string().optional(),
    ca_cert_type: z.string().optional(),
  })
  .meta({ id: 'Certificate' });

const authorityQuery = z.strictObject({ ca_cert_type: z.string().optional() });

/** Magnum's other authorities belong to Kubernetes; every other word means the main one. */
const OTHER_AUTHORITIES: ReadonlyMap<string, 'etcd' | 'front-proxy'> = new Map([
  ['etcd', 'etcd'],
  ['front_proxy', 'front-proxy'],
  ['front-proxy', 'front-proxy'],
]);

@Controller('v1/certificates')
export class CertificatesController {
  constructor(
    private readonly bays: Bays,
    private readonly certificates: Certificates,
    private readonly settings: ApiSettings,
  ) {}

  @Get(':ident')
  @Operation({
    access: 'certificate:get',
    summary: 'Show the certificate of a bay’s authority',
    parameters: IDENT,
    query: authorityQuery,
    answers: { 200: { description: 'The certificate', schema: certificateAnswer }, ...MISSING, ...CONFLICTING },
  })
  async show(@Req() request: FastifyRequest, @Param('ident') ident: string, @Query() query: unknown) {
    return this.showAuthority(request, ident, parseQuery(authorityQuery, query).ca_cert_type);
  }

  @Get(':ident/:type')
  @Operation({
    access: 'certificate:get',
    summary: 'Show the certificate of one of a bay’s authorities',
    parameters: { ...IDENT, type: 'As ca_cert_type' },
    answers: {
      200: { description: 'The certificate', schema: certificateAnswer },
      ...REFUSED,
      ...MISSING,
      ...CONFLICTING,
    },
  })
  async showOfType(@Req() request: FastifyRequest, @Param('ident') ident: string, @Param('type') type: string) {
    return this.showAuthority(request, ident, type);
  }

  @Post()
  @HttpCode(201)
  @Operation({
    access: 'certificate:create',
    summary: 'Sign a client certificate',
    description: 'For any member of the project. Only client certificates are signed, whatever the request asks for.',
    body: signSchema,
    answers: { 201: { description: 'Signed', schema: certificateAnswer }, ...REFUSED, ...CONFLICTING },
  })
  async sign(@Req() request: FastifyRequest, @Body() given: unknown) {
    const body = parseBody(signSchema, given);
    if (OTHER_AUTHORITIES.has(body.ca_cert_type ?? '')) {
      throw invalidAttribute('ca_cert_type', 'only the main authority signs for clients, so leave it out');
    }
    const wanted = body.cluster_uuid ?? body.bay_uuid;
    if (wanted === undefined) throw invalidAttribute('cluster_uuid', BAY_ADVICE);
    if (body.cluster_uuid !== undefined && body.bay_uuid !== undefined && body.cluster_uuid !== body.bay_uuid) {
      throw invalidInput('cluster_uuid and bay_uuid are two names of one thing: give one of them.');
    }
    const caller = callerOf(request);
    const bay = await this.findForSigning(() => this.bays.findOwn(caller, wanted));
    const pem = await this.certificates.signForTenant(caller, bay, body.csr);
    return {
      ...this.body(bay),
      csr: body.csr,
      pem,
      ...(typeof body.ca_cert_type === 'string' && { ca_cert_type: body.ca_cert_type }),
    };
  }

  private async showAuthority(request: FastifyRequest, ident: string, type: string | undefined) {
    const bay = await this.bays.findOwn(callerOf(request), ident);
    const purpose = OTHER_AUTHORITIES.get(type ?? '') ?? 'cluster';
    if (!this.certificates.hasAuthority(bay, purpose)) {
      throw invalidAttribute('ca_cert_type', 'this bay has one authority only, so leave it out');
    }
    return { ...this.body(bay), pem: await this.certificates.showAuthority(bay, purpose) };
  }

  /** An unknown bay in a body is wrong input, not a wrong address (Magnum). */
  private async findForSigning(find: () => Promise<Bay>): Promise<Bay> {
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof BaykeeperError) || error.code !== 'not-found') throw error;
      throw invalidInput('The cluster of cluster_uuid could not be found: check the name, or list what there is.');
    }
  }

  private body(bay: Bay) {
    return {
      cluster_uuid: bay.id,
      bay_uuid: bay.id,
      links: linksOf(this.settings.baseUrl, 'certificates', bay.id),
    };
  }
}
