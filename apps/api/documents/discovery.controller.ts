/** Where clients begin: Magnum's version documents, and a page for people at the root. */
import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiSettings } from '../api-settings.js';
import { linkSchema } from '../http/answers.js';
import { MAXIMUM_VERSION, MINIMUM_VERSION } from '../http/microversion.js';
import { Operation } from '../http/operation.decorator.js';
import { DashboardSite, PAGE_HEADERS } from '../dashboard/dashboard-site.js';
import { OpenapiHolder } from './documents.controller.js';
import { renderStatusPage } from './status-page.js';

const rootAnswer = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    versions: z.array(
      z.strictObject({
        id: z.string(),
        links: z.array(linkSchema),
        status: z.string(),
        max_version: z.string(),
        min_version: z.string(),
      }),
    ),
  })
  .meta({ id: 'Root' });

const versionAnswer = z
  .looseObject({
    id: z.string(),
    media_types: z.array(z.strictObject({ base: z.string(), type: z.string() })),
    links: z.array(linkSchema.extend({ type: z.string().optional() })),
  })
  .meta({ id: 'Version' });

/** In Magnum's order, after the older names. Those that are served are linked to. */
const COLLECTIONS = [
  ...[
    'bays',
    'baymodels',
    'clustertemplates',
    'clusters',
    'quotas',
    'certificates',
    'mservices',
    'stats',
    'federations',
  ],
  ...['nodegroups', 'credentials'],
];
/** Where a collection is not below `/v1/<name>/`; the braces stand there literally (Magnum). */
const PLACES: Readonly<Record<string, string>> = { nodegroups: 'clusters/{cluster_id}/nodegroups' };

@Controller()
export class DiscoveryController {
  constructor(
    private readonly settings: ApiSettings,
    private readonly openapi: OpenapiHolder,
    private readonly site: DashboardSite,
  ) {}

  @Get()
  @Operation({
    access: 'service:discover',
    summary: 'The versions that are served; a page for people when the client prefers HTML',
    answers: {
      200: { description: 'The versions', schema: rootAnswer, mediaTypes: ['application/json', 'text/html'] },
    },
  })
  root(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    if (request.headers.accept?.includes('text/html')) {
      void reply.headers({ 'Content-Type': 'text/html; charset=utf-8', ...PAGE_HEADERS });
      return this.site.page ?? renderStatusPage(this.settings);
    }
    return {
      name: 'Baykeeper',
      description: "Container clusters on an operator's own machines",
      versions: [
        {
          id: 'v1',
          links: [{ href: `${this.settings.baseUrl}/v1/`, rel: 'self' }],
          status: 'CURRENT',
          max_version: MAXIMUM_VERSION,
          min_version: MINIMUM_VERSION,
        },
      ],
    };
  }

  @Get('v1')
  @Operation({
    access: 'service:discover',
    summary: 'The collections of version 1',
    answers: { 200: { description: 'The collections', schema: versionAnswer } },
  })
  version() {
    const { baseUrl } = this.settings;
    return {
      id: 'v1',
      media_types: [{ base: 'application/json', type: 'application/vnd.openstack.magnum.v1+json' }],
      links: [
        { href: `${baseUrl}/v1/`, rel: 'self' },
        { href: `${baseUrl}/docs`, rel: 'describedby', type: 'text/html' },
      ],
      ...Object.fromEntries(
        this.places().map(([name, place]) => [
          name,
          [
            { href: `${baseUrl}/v1/${place}`, rel: 'self' },
            { href: `${baseUrl}/${place}`, rel: 'bookmark' },
          ],
        ]),
      ),
    };
  }

  private places(): readonly (readonly [name: string, place: string])[] {
    const paths = this.openapi.paths.map((path) => path.replace('{ident}', '{cluster_id}'));
    return COLLECTIONS.flatMap((name) => {
      const place = PLACES[name] ?? `${name}/`;
      const isServed = paths.some((path) => `${path}/`.startsWith(`/v1/${place}`));
      return isServed ? [[name, place] as const] : [];
    });
  }
}
