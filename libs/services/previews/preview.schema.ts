/** What a client may ask to see the consequences of. */
import { z } from 'zod';
import { resizeSchema } from '../node-groups/node-group.schema.js';

const ADVICE = 'give resize, retry or delete';

/** Body of `POST /v1/bays/{ident}/actions/preview`: the wish, with what it needs. */
export const wishSchema = z
  .discriminatedUnion(
    'action',
    [
      resizeSchema.extend({ action: z.literal('resize') }).meta({ id: 'PreviewOfResize' }),
      z.strictObject({ action: z.literal('retry') }),
      z.strictObject({ action: z.literal('delete') }),
    ],
    { error: ADVICE },
  )
  .meta({ id: 'WishToPreview' });
