/** What an administrator may say about a quota (Magnum v1: Quota). */
import { z } from 'zod';
import { QUOTA_RESOURCES } from '@baykeeper/storage';
import { choice, text, wholeNumber } from '../validation/fields.js';

const LARGEST_LIMIT = 1_000_000_000;
/** Magnum's: of a quota that is made without saying how much. */
const LIMIT_UNSAID = 1;

const hardLimit = wholeNumber({ min: 0, max: LARGEST_LIMIT });
const resource = choice(QUOTA_RESOURCES);

export const quotaSchema = z
  .strictObject({
    project_id: text({ max: 255 }),
    resource: resource.default('Cluster'),
    hard_limit: hardLimit.default(LIMIT_UNSAID),
  })
  .meta({ id: 'QuotaInput' });

/** The path says which quota it is; clients repeat it in the body. */
export const quotaChangeSchema = z
  .strictObject({
    project_id: text({ max: 255 }).optional(),
    resource: resource.optional(),
    hard_limit: hardLimit.optional(),
  })
  .meta({ id: 'QuotaChange' });
