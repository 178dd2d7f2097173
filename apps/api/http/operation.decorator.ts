import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBody,
  ApiExtension,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  type SchemaObject,
} from '@nestjs/swagger';
import { z, type ZodObject, type ZodType } from 'zod';
import { MINIMUM_MINOR } from './microversion.js';
import { ACCESS_RULES, type AccessRule } from '../access/access-rules.js';

/** A body that is no JSON: its media types. */
export interface TextBody {
  readonly mediaType: string;
  readonly description: string;
  /** Handed to the handler while it comes, whatever its size. */
  readonly isStream?: true;
}

export interface Answer {
  readonly description: string;
  readonly schema?: ZodType;
  readonly mediaTypes?: readonly string[];
}

/** All that is said about a route: for the access check, for the reading of the request, and for the OpenAPI document. */
export interface OperationFacts {
  readonly access: AccessRule;
  /** The first minor version that has the route; every version when it is left out. */
  readonly since?: number;
  readonly summary: string;
  readonly description?: string;
  readonly body?: ZodType | TextBody;
  /** Whether the body may be left out. */
  readonly bodyIsOptional?: boolean;
  /** The allowed arguments of the query string; none when it is left out. */
  readonly query?: ZodObject;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Whether the answer holds any number of things. What has a `limit` in its query is known to. */
  readonly isLong?: boolean;
}

/** What the server's hooks need to know of a route while it serves a request. */
export interface RouteFacts {
  readonly access: AccessRule;
  readonly since: number;
  readonly takesQuery: boolean;
  readonly takesText: boolean;
  readonly takesStream: boolean;
  readonly isLong: boolean;
  readonly mediaTypes: readonly string[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly facts?: RouteFacts;
  }
}

const JSON_TYPE = 'application/json';

/** Declares a route. A handler without it stops the start. */
export function Operation(facts: OperationFacts): MethodDecorator {
  const text = facts.body !== undefined && 'mediaType' in facts.body ? facts.body : null;
  const answered = Object.values(facts.answers).flatMap((answer) => answer.mediaTypes ?? [JSON_TYPE]);
  const route: RouteFacts = {
    access: facts.access,
    since: facts.since ?? MINIMUM_MINOR,
    takesQuery: facts.query !== undefined,
    takesText: text !== null && text.isStream !== true,
    takesStream: text?.isStream === true,
    isLong: facts.isLong ?? (facts.query !== undefined && 'limit' in facts.query.shape),
    mediaTypes: [...new Set(answered)],
  };
  const kind = ACCESS_RULES[facts.access];
  return applyDecorators(
    RouteConfig({ facts: route }),
    ApiOperation({
      summary: facts.summary,
      ...(facts.description !== undefined && { description: facts.description }),
    }),
    ...(facts.since === undefined ? [] : [ApiExtension('x-since', `1.${String(facts.since)}`)]),
    ApiExtension('x-access', { rule: facts.access, role: kind }),
    ...(facts.body === undefined ? [] : [describeBody(facts.body, facts.bodyIsOptional ?? false)]),
    ...Object.entries(facts.query?.shape ?? {}).map(([name, schema]) =>
      ApiQuery({ name, required: false, schema: inlineSchema(schema as ZodType) }),
    ),
    ...Object.entries(facts.parameters ?? {}).map(([name, description]) =>
      ApiParam({ name, description, schema: { type: 'string' } }),
    ),
    ...Object.entries(facts.answers).map(([status, answer]) =>
      ApiResponse({ status: Number(status), description: answer.description, ...contentOf(answer) }),
    ),
  );
}

function describeBody(body: ZodType | TextBody, isOptional: boolean): MethodDecorator {
  if ('mediaType' in body) {
    return applyDecorators(
      ApiBody({ description: body.description, schema: { type: 'string' }, required: !isOptional }),
      ApiExtension('x-body-media-type', body.mediaType),
    );
  }
  return ApiBody({ schema: referenceOf(body), required: !isOptional });
}

function contentOf(answer: Answer) {
  if (answer.schema === undefined && answer.mediaTypes === undefined) return {};
  const types = answer.mediaTypes ?? [JSON_TYPE];
  return {
    content: Object.fromEntries(
      types.map((type) => [
        type,
        {
          schema:
            type === JSON_TYPE && answer.schema !== undefined
              ? referenceOf(answer.schema)
              : { type: 'string', ...(type === 'application/zip' && { format: 'binary' }) },
        },
      ]),
    ),
  };
}

/** A schema with an id stands among the components; the others stand where they are used. */
function referenceOf(schema: ZodType) {
  const id = z.globalRegistry.get(schema)?.id;
  return id === undefined ? inlineSchema(schema) : { $ref: `#/components/schemas/${id}` };
}

function inlineSchema(schema: ZodType) {
  const { $schema: _dialect, ...shape } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return shape as SchemaObject;
}
