/** Arguments of what is read of a bay. */
import { isUuid, type NodeId } from '@baykeeper/domain';
import { z } from 'zod';

export const sequenceText = (advice: string, lowest: number, highest: number) =>
  z
    .string({ error: advice })
    .regex(/^\d{1,15}$/, { error: advice })
    .transform(Number)
    .refine((number) => number >= lowest && number <= highest, { error: advice })
    .meta({ type: 'integer', minimum: lowest });

export const nodesQuery = z.strictObject({
  limit: sequenceText('give a whole number from 1 to 1000', 1, 1_000).optional(),
  marker: z
    .string()
    .refine(isUuid, { error: 'give the uuid of the last node of the page before' })
    .transform((id) => id as NodeId)
    .optional(),
});
