import { z } from 'zod';

/** Magnum's dialect of JSON patch, for the OpenAPI document; the services read it. */
export const patchSchema = z
  .array(
    z.strictObject({
      op: z.enum(['add', 'replace', 'remove']),
      path: z.string().meta({ example: '/node_count' }),
      value: z.union([z.string(), z.int(), z.boolean()]).optional(),
    }),
  )
  .meta({ id: 'Patch' });
