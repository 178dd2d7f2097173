import 'reflect-metadata';
import { PRODUCT_VERSION } from '@baykeeper/platform';
import type { NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiModule, type ApiParts } from '../api.module.js';
import { buildOpenapiDocument } from './openapi-document.js';

/**
 * The text of `openapi.json`, from the routes' declarations alone: no part of the service is made for it.
 * @param identityUrl as with `buildOpenapiDocument`
 */
export async function renderOpenapi(identityUrl?: string): Promise<string> {
  const nothing = new Proxy({}, { get: () => ({}) }) as ApiParts;
  const silent: Pick<NestApplicationOptions, 'logger'> = { logger: false };
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.with(nothing), new FastifyAdapter(), silent);
  const document = buildOpenapiDocument(app, PRODUCT_VERSION, identityUrl);
  await app.close();
  return `${JSON.stringify(document, null, 2)}\n`;
}
