/** The OpenAPI document and a page to read it with. Everything the page loads comes from here, nothing from outside. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Controller, Get, NotFoundException, Param, Res } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Operation } from '../http/operation.decorator.js';
import { JSON_TYPE } from '../http/pages.js';

/** The OpenAPI document as text, which is a tenth of the tree's size; there when the application knows its routes. */
export class OpenapiHolder {
  text = '';
  paths: readonly string[] = [];

  keep(document: OpenAPIObject): void {
    this.text = JSON.stringify(document);
    this.paths = Object.keys(document.paths);
  }
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Baykeeper API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;
/** No validator badge: it would send the document's address to a stranger. */
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', deepLinking: true, validatorUrl: null });\n`;

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};
/** Swagger's page sets styles by itself and draws pictures from data URLs; nothing else is allowed. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

const assetDirectory = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

@Controller()
export class DocumentsController {
  constructor(private readonly holder: OpenapiHolder) {}

  @Get('openapi.json')
  @Operation({
    access: 'service:document',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1', mediaTypes: ['application/json'] } },
  })
  openapi(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.type(JSON_TYPE);
    return this.holder.text;
  }

  @Get('docs')
  @Operation({
    access: 'service:document',
    summary: 'A page to read and try the API',
    answers: { 200: { description: 'The page', mediaTypes: ['text/html'] } },
  })
  page(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.headers({ 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': POLICY });
    return PAGE;
  }

  @Get('docs/:asset')
  @Operation({
    access: 'service:document',
    summary: 'What the page loads',
    parameters: { asset: 'File name' },
    answers: { 200: { description: 'The file', mediaTypes: ['text/css', 'text/javascript'] } },
  })
  async asset(@Param('asset') asset: string, @Res({ passthrough: true }) reply: FastifyReply) {
    if (asset === 'start.js') {
      void reply.header('Content-Type', 'text/javascript; charset=utf-8');
      return START;
    }
    const type = Object.hasOwn(ASSETS, asset) ? ASSETS[asset] : undefined;
    if (type === undefined) throw new NotFoundException();
    void reply.headers({ 'Content-Type': type, 'Cache-Control': 'public, max-age=3600' });
    return readFile(path.join(assetDirectory, asset));
  }
}
