/** What is the same for everybody: domain, services, endpoints, regions, and the empty list of groups. */
import { Controller, Get, Param, Query } from '@nestjs/common';
import { z, type ZodType } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import { parseQuery } from '@baykeeper/services';
import { DOMAIN } from '@baykeeper/tenancy';
import type { AccessRule } from '../access/access-rules.js';
import { ApiSettings } from '../api-settings.js';
import { Operation } from '../http/operation.decorator.js';
import { catalogOf, REGION } from './catalog.js';
import { anyQuery, failures, link, listOf, oneOf, pageLinks } from './keystone.js';

const enabled = z.literal(true);
const noGroups = listOf('GroupList', 'groups', z.never());
const domainAnswer = z
  .strictObject({ id: z.string(), name: z.string(), description: z.string(), enabled, links: link })
  .meta({ id: 'Domain' });
const serviceAnswer = z
  .strictObject({ id: z.string(), type: z.string(), name: z.string(), description: z.string(), enabled, links: link })
  .meta({ id: 'CatalogService' });
const endpointAnswer = z
  .strictObject({
    ...{ id: z.string(), service_id: z.string(), interface: z.string(), region: z.string(), region_id: z.string() },
    ...{ url: z.string(), enabled, links: link },
  })
  .meta({ id: 'CatalogEndpoint' });
const regionAnswer = z
  .strictObject({ id: z.string(), description: z.string(), parent_region_id: z.null(), links: link })
  .meta({ id: 'Region' });

const filter = (...names: string[]) =>
  anyQuery.extend(Object.fromEntries(names.map((name) => [name, z.string({ error: 'give it once' }).optional()])));
const QUERIES = {
  domains: filter('name'),
  services: filter('type', 'name'),
  endpoints: filter('service_id', 'interface', 'region', 'region_id'),
  regions: filter('parent_region_id'),
} as const;
const SUMMARIES = { domains: 'domains', services: 'services of the catalog', endpoints: 'endpoints of the catalog' };

function ListOperation(collection: keyof typeof QUERIES, access: AccessRule, schema: ZodType) {
  const id = z.globalRegistry.get(schema)?.id ?? '';
  const what = collection === 'regions' ? 'regions' : SUMMARIES[collection];
  return Operation({
    access,
    summary: `The ${what}; they can't be changed`,
    query: QUERIES[collection],
    answers: { 200: { description: 'All of them', schema: listOf(`${id}List`, collection, schema) }, ...failures(400) },
  });
}

function ShowOperation(name: string, access: AccessRule, schema: ZodType) {
  const id = z.globalRegistry.get(schema)?.id ?? '';
  return Operation({
    access,
    summary: `Show a ${name}`,
    parameters: { id: 'Its id' },
    query: anyQuery,
    answers: { 200: { description: `The ${name}`, schema: oneOf(`${id}Answer`, name, schema) }, ...failures(404) },
  });
}

@Controller('identity/v3')
export class CatalogController {
  constructor(private readonly settings: ApiSettings) {}

  @Get('domains')
  @ListOperation('domains', 'identity:list_domains', domainAnswer)
  domains(@Query() query: unknown) {
    return this.list('domains', this.allDomains(), query);
  }

  @Get('domains/:id')
  @ShowOperation('domain', 'identity:get_domain', domainAnswer)
  domain(@Param('id') id: string) {
    return { domain: find(this.allDomains(), id) };
  }

  @Get('services')
  @ListOperation('services', 'identity:list_services', serviceAnswer)
  services(@Query() query: unknown) {
    return this.list('services', this.allServices(), query);
  }

  @Get('services/:id')
  @ShowOperation('service', 'identity:get_service', serviceAnswer)
  service(@Param('id') id: string) {
    return { service: find(this.allServices(), id) };
  }

  @Get('endpoints')
  @ListOperation('endpoints', 'identity:list_endpoints', endpointAnswer)
  endpoints(@Query() query: unknown) {
    return this.list('endpoints', this.allEndpoints(), query);
  }

  @Get('endpoints/:id')
  @ShowOperation('endpoint', 'identity:get_endpoint', endpointAnswer)
  endpoint(@Param('id') id: string) {
    return { endpoint: find(this.allEndpoints(), id) };
  }

  @Get('regions')
  @ListOperation('regions', 'identity:list_regions', regionAnswer)
  regions(@Query() query: unknown) {
    return this.list('regions', this.allRegions(), query);
  }

  @Get('regions/:id')
  @ShowOperation('region', 'identity:get_region', regionAnswer)
  region(@Param('id') id: string) {
    return { region: find(this.allRegions(), id) };
  }

  @Get('groups')
  @Operation({
    access: 'identity:list_groups',
    summary: 'Groups of users: there are none here',
    query: anyQuery,
    answers: { 200: { description: 'None', schema: noGroups }, ...failures() },
  })
  groups(@Query() query: unknown) {
    return { groups: [], ...pageLinks(this.settings.baseUrl, 'groups', query, null) };
  }

  @Get('users/:user/groups')
  @Operation({
    access: 'identity:list_groups',
    summary: 'Groups of a user: there are none here',
    parameters: { user: 'The id of a user' },
    query: anyQuery,
    answers: { 200: { description: 'None', schema: noGroups }, ...failures() },
  })
  groupsOfUser(@Param('user') user: string, @Query() query: unknown) {
    const path = `users/${encodeURIComponent(user)}/groups`;
    return { groups: [], ...pageLinks(this.settings.baseUrl, path, query, null) };
  }

  private list(collection: keyof typeof QUERIES, rows: readonly object[], given: unknown) {
    const query: Readonly<Record<string, unknown>> = parseQuery(QUERIES[collection], given);
    const names = Object.keys(QUERIES[collection].shape);
    const found = rows.filter((row) =>
      names.every((name) => query[name] === undefined || Reflect.get(row, name) === query[name]),
    );
    return { [collection]: found, ...pageLinks(this.settings.baseUrl, collection, given, null) };
  }

  private allDomains() {
    return [{ ...DOMAIN, description: 'The one domain there is', enabled: true, ...this.links('domains', DOMAIN.id) }];
  }

  private allServices() {
    return catalogOf(this.settings.baseUrl).map(({ id, type, name }) => ({
      ...{ id, type, name, description: '', enabled: true },
      ...this.links('services', id),
    }));
  }

  private allEndpoints() {
    return catalogOf(this.settings.baseUrl).flatMap(({ id: serviceId, endpoints }) =>
      endpoints.map((endpoint) => ({
        ...endpoint,
        ...{ service_id: serviceId, enabled: true },
        ...this.links('endpoints', endpoint.id),
      })),
    );
  }

  private allRegions() {
    return [{ id: REGION, description: '', parent_region_id: null, ...this.links('regions', REGION) }];
  }

  private links(collection: string, id: string) {
    return { links: { self: `${this.settings.baseUrl}/identity/v3/${collection}/${id}` } };
  }
}

function find<Row extends { readonly id: string }>(rows: readonly Row[], id: string): Row {
  const row = rows.find((candidate) => candidate.id === id);
  if (row === undefined) throw new BaykeeperError({ code: 'not-found', publicMessage: 'There is no such thing here.' });
  return row;
}
