import 'reflect-metadata';
import type { NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Log } from '@baykeeper/domain';
import type { AccessCheck } from './access/access-check.js';
import { ApiModule, type ApiParts } from './api.module.js';
import { OpenapiHolder } from './documents/documents.controller.js';
import { buildOpenapiDocument } from './documents/openapi-document.js';
import { createServer, type ServerOptions } from './http/create-server.js';
import { FailureFilter } from './http/failure.filter.js';
import { NestLog } from './http/nest-log.js';

export interface ApiOptions extends Pick<
  ServerOptions,
  'observe' | 'trustedProxies' | 'corsOrigins' | 'identityUrl' | 'audit'
> {
  readonly parts: ApiParts;
  readonly access: AccessCheck;
  readonly log: Log;
}

/** The API, ready to listen. */
export async function createApi(options: ApiOptions): Promise<NestFastifyApplication> {
  const { parts, access, log } = options;
  const { baseUrl, version } = parts.settings;
  const { observe, trustedProxies, corsOrigins, identityUrl, audit } = options;
  const adapter = createServer({
    ...{ baseUrl, identityUrl, access, audit, log },
    ...(observe && { observe }),
    ...(trustedProxies && { trustedProxies }),
    ...(corsOrigins && { corsOrigins }),
  });
  const nestOptions: Pick<NestApplicationOptions, 'logger' | 'bodyParser' | 'abortOnError'> = {
    logger: new NestLog(log),
    // The server reads bodies by its own rules.
    bodyParser: false,
    abortOnError: false,
  };
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.with(parts), adapter, nestOptions);
  app.useGlobalFilters(new FailureFilter({ baseUrl, identityUrl, log }));
  app.get(OpenapiHolder).keep(buildOpenapiDocument(app, version, identityUrl));
  await app.init();
  await adapter.getInstance().ready();
  return app;
}
