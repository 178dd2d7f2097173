/** Bodies that many routes answer with, for the OpenAPI document and for tests that hold responses against it. */
import { z } from 'zod';

export const errorSchema = z
  .object({
    errors: z.array(
      z.object({
        request_id: z.literal(''),
        code: z.string(),
        status: z.int(),
        title: z.string(),
        detail: z.string(),
        links: z.array(z.unknown()),
      }),
    ),
  })
  .meta({ id: 'Errors' });

export const uuidSchema = z.strictObject({ uuid: z.uuid() }).meta({ id: 'Uuid' });

export const linkSchema = z.strictObject({ href: z.string(), rel: z.string() }).meta({ id: 'Link' });

export const labelsSchema = z.record(z.string(), z.string());

export const timeSchema = z.string().meta({ format: 'date-time' });

/** The path parameter of a resource. */
export const IDENT = { ident: 'UUID or name' };

export const REFUSED = {
  400: { description: 'The input is wrong: the sentence says what to do', schema: errorSchema },
};
export const MISSING = { 404: { description: 'There is none for this project', schema: errorSchema } };
export const CONFLICTING = { 409: { description: 'Several have this name: use the UUID', schema: errorSchema } };
