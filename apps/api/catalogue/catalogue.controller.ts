/** Flavors, images and networks: one set of routes, made three times. */
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
  type Type,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ZodType } from 'zod';
import type { Flavor, Image, Network } from '@baykeeper/domain';
import {
  CatalogueAdministration,
  flavorSchema,
  imageSchema,
  networkSchema,
  parseQuery,
  type Caller,
} from '@baykeeper/services';
import type { Page } from '@baykeeper/storage';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { CONFLICTING, IDENT, MISSING, REFUSED } from '../http/answers.js';
import { linksOf } from '../http/links.js';
import { Operation } from '../http/operation.decorator.js';
import { nextLink, pageOf, pageQuery } from '../http/pages.js';
import { patchSchema } from '../http/patch.js';
import { timestamp } from '../http/timestamp.js';
import {
  flavorAnswer,
  flavorsAnswer,
  imageAnswer,
  imagesAnswer,
  networkAnswer,
  networksAnswer,
} from './catalogue.answers.js';

/** The service of one kind, as far as routes use it. */
interface Entries<Entry> {
  list(caller: Caller, page: Page): Promise<readonly Entry[]>;
  show(caller: Caller, ident: string): Promise<Entry>;
  create(caller: Caller, body: unknown): Promise<Entry>;
  update(caller: Caller, ident: string, body: unknown): Promise<Entry>;
  remove(caller: Caller, ident: string): Promise<void>;
}

type AnyEntry = Flavor | Image | Network;

interface Kind<Entry extends AnyEntry> {
  readonly collection: 'flavors' | 'images' | 'networks';
  readonly rule: 'flavor' | 'image' | 'network';
  /** Said about making one. */
  readonly description: string;
  readonly input: ZodType;
  readonly one: ZodType;
  readonly many: ZodType;
  readonly entries: (administration: CatalogueAdministration) => Entries<Entry>;
  /** What this kind has beside the fields of all. */
  readonly body: (entry: Entry) => object;
}

function entryRoutes<Entry extends AnyEntry>(kind: Kind<Entry>, name: string): Type<object> {
  const { collection, rule } = kind;
  const one = { description: `The ${rule}`, schema: kind.one };

  @Controller(`v1/${collection}`)
  class EntryRoutes {
    constructor(
      readonly administration: CatalogueAdministration,
      readonly settings: ApiSettings,
    ) {}

    @Get()
    @Operation({
      access: `${rule}:get_all`,
      summary: `List the ${collection} that templates and bays may name`,
      query: pageQuery,
      answers: { 200: { description: 'A page of the list', schema: kind.many }, ...REFUSED },
    })
    async list(@Req() request: FastifyRequest, @Query() query: unknown) {
      const asked = parseQuery(pageQuery, query);
      const found = await this.entries.list(callerOf(request), pageOf(asked));
      const items = found.map((entry) => this.body(entry));
      return { [collection]: items, ...nextLink(this.settings.baseUrl, `/v1/${collection}`, asked, found) };
    }

    @Get(':ident')
    @Operation({
      access: `${rule}:get`,
      summary: `Show a ${rule}`,
      parameters: IDENT,
      answers: { 200: one, ...MISSING, ...CONFLICTING },
    })
    async show(@Req() request: FastifyRequest, @Param('ident') ident: string) {
      return this.body(await this.entries.show(callerOf(request), ident));
    }

    @Post()
    @HttpCode(201)
    @Operation({
      access: `${rule}:create`,
      summary: `Add a ${rule} to the catalogue`,
      description: kind.description,
      body: kind.input,
      answers: { 201: one, ...REFUSED },
    })
    async create(
      @Req() request: FastifyRequest,
      @Body() body: unknown,
      @Res({ passthrough: true }) reply: FastifyReply,
    ) {
      const created = await this.entries.create(callerOf(request), body);
      void reply.header('Location', `${this.settings.baseUrl}/v1/${collection}/${created.id}`);
      return this.body(created);
    }

    @Patch(':ident')
    @Operation({
      access: `${rule}:update`,
      summary: `Change a ${rule} by JSON patch`,
      description: 'One that templates or bays use keeps its name and what it is; built-in ones never change.',
      parameters: IDENT,
      body: patchSchema,
      answers: { 200: one, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async update(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() body: unknown) {
      return this.body(await this.entries.update(callerOf(request), ident, body));
    }

    @Delete(':ident')
    @HttpCode(204)
    @Operation({
      access: `${rule}:delete`,
      summary: `Delete a ${rule} that nothing uses`,
      parameters: IDENT,
      answers: { 204: { description: 'It is deleted' }, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async remove(@Req() request: FastifyRequest, @Param('ident') ident: string): Promise<void> {
      await this.entries.remove(callerOf(request), ident);
    }

    get entries(): Entries<Entry> {
      return kind.entries(this.administration);
    }

    body(entry: Entry) {
      return {
        uuid: entry.id,
        name: entry.name,
        description: entry.description,
        public: entry.public,
        builtin: entry.builtIn,
        ...kind.body(entry),
        links: linksOf(this.settings.baseUrl, collection, entry.id),
        created_at: timestamp(entry.createdAt),
        updated_at: timestamp(entry.updatedAt),
      };
    }
  }
  Object.defineProperty(EntryRoutes, 'name', { value: name });
  return EntryRoutes;
}

export const FlavorsController = entryRoutes<Flavor>(
  {
    ...{ collection: 'flavors', rule: 'flavor', input: flavorSchema, one: flavorAnswer, many: flavorsAnswer },
    description: 'ram in MiB, disk in GiB. With a disk of 0, templates need the label boot_volume_size.',
    entries: ({ flavors }) => flavors,
    body: ({ vcpus, memoryMib, diskGib }) => ({ vcpus, ram: memoryMib, disk: diskGib }),
  },
  'Flavors',
);

export const ImagesController = entryRoutes<Image>(
  {
    ...{ collection: 'images', rule: 'image', input: imageSchema, one: imageAnswer, many: imagesAnswer },
    description:
      'driver_image is what the compute driver boots; the name when it is left out. Templates need an os_distro; the property magnum_driver decides their driver.',
    entries: ({ images }) => images,
    body: (image) => ({
      os_distro: image.osDistro,
      architecture: image.architecture,
      status: image.status,
      min_disk: image.minDiskGib,
      min_ram: image.minMemoryMib,
      properties: image.properties,
      driver_image: image.driverImage,
    }),
  },
  'Images',
);

export const NetworksController = entryRoutes<Network>(
  {
    ...{ collection: 'networks', rule: 'network', input: networkSchema, one: networkAnswer, many: networksAnswer },
    description: 'Its subnets are made with it and stay as they are.',
    entries: ({ networks }) => networks,
    body: ({ external, mtu, subnets }) => ({
      ...{ external, mtu },
      subnets: subnets.map(({ id, name, cidr, gatewayIp }) => ({ uuid: id, name, cidr, gateway_ip: gatewayIp })),
    }),
  },
  'Networks',
);
