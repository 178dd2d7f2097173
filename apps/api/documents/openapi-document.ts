import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';

const SECURITY = 'token';
const HTTP_METHODS = ['get', 'post', 'patch', 'delete', 'head', 'put'] as const;

const OWN_IDENTITY =
  '`/v1` speaks Magnum’s wire format, `/identity/v3` Keystone’s. ' +
  'Get a token with `POST /identity/v3/auth/tokens` and send it as `X-Auth-Token`.';

/**
 * The whole API as an OpenAPI 3.1 document, from the routes' declarations.
 * @param identityUrl where tokens come from, if not from here: then the identity service's routes are left out
 */
export function buildOpenapiDocument(app: INestApplication, version: string, identityUrl?: string): OpenAPIObject {
  const tokens =
    identityUrl === undefined
      ? OWN_IDENTITY
      : `\`/v1\` speaks Magnum’s wire format. Get a token from the Keystone at ${identityUrl} and send it as \`X-Auth-Token\`.`;
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Baykeeper')
    .setDescription(`Container clusters on an operator’s own machines. ${tokens}`)
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
  return identityUrl === undefined ? document : withoutIdentity(document);
}

/** Without the routes of the identity service, and without the schemas that only they use. */
function withoutIdentity(document: OpenAPIObject): OpenAPIObject {
  const paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => !path.startsWith('/identity')));
  const schemas = document.components?.schemas ?? {};
  const used = new Set<string>();
  const look = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      look(schemas[name]);
    }
  };
  look(paths);
  const left = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...document, paths, components: { ...document.components, schemas: left } };
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
