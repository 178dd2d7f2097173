import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';

const SECURITY = 'token';
const HTTP_METHODS = ['get', 'post', 'patch', 'delete', 'head', 'put'] as const;

/** The whole API as an OpenAPI 3.1 document, from the routes' declarations. The same for every installation. */
export function buildOpenapiDocument(app: INestApplication, version: string): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Baykeeper')
    .setDescription(
      'Container clusters on an operator’s own machines. `/v1` speaks Magnum’s wire format, `/identity/v3` Keystone’s. ' +
        'Get a token with `POST /identity/v3/auth/tokens` and send it as `X-Auth-Token`.',
    )
    .setVersion(version)
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Auth-Token' }, SECURITY)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A node’s own token' }, 'node')
    .build();
  const document = SwaggerModule.createDocument(app, settings, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  const schemas = z.toJSONSchema(z.globalRegistry, {
    io: 'input',
    unrepresentable: 'any',
    uri: (id) => `#/components/schemas/${id}`,
  }).schemas;
  const components = Object.entries(schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema] as const);
  document.components = { ...document.components, schemas: Object.fromEntries(components) as never };
  addSecurity(document);
  return document;
}

/** Every operation says which token it wants; the access rule knows. */
function addSecurity(document: OpenAPIObject): void {
  for (const path of Object.values(document.paths)) {
    for (const method of HTTP_METHODS) {
      const operation = path[method];
      if (operation === undefined) continue;
      const { role } = (operation as { 'x-access'?: { role: string } })['x-access'] ?? { role: 'anonymous' };
      if (role === 'anonymous') operation.security = [];
      else operation.security = [{ [role === 'node' ? 'node' : SECURITY]: [] }];
    }
  }
}
