/** The body of a new application credential. */
import { z } from 'zod';
import { invalidAttribute, parseBody } from '@baykeeper/services';
import { problemOfPath, type NewApplicationCredential } from '@baykeeper/tenancy';
import { longText, shortText, wrapped } from './keystone.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const SERVICES = ['container-infra', 'identity'] as const;
const MOST_RULES = 64;

const accessRule = z.strictObject(
  {
    id: z.never({ error: 'leave the id out: rules are made with their credential' }).optional(),
    service: z.enum(SERVICES, { error: `give one of ${SERVICES.join(', ')}` }),
    method: z.enum(METHODS, { error: `give one of ${METHODS.join(', ')}` }),
    path: shortText.superRefine((path, context) => {
      const problem = problemOfPath(path);
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    }),
  },
  { error: 'give an object with service, method and path' },
);
const ROLE_ADVICE = 'give the id or the name of a role';
const role = z
  .looseObject({ id: shortText.optional(), name: shortText.optional() }, { error: ROLE_ADVICE })
  .refine(({ id, name }) => id !== undefined || name !== undefined, { error: ROLE_ADVICE });
const LIST_ADVICE = 'give a list';

export const applicationCredentialInput = wrapped(
  'application_credential',
  z.strictObject({
    name: shortText,
    description: longText.nullable().optional(),
    secret: z.string({ error: 'give text, or leave it out to get a good one' }).nullable().optional(),
    roles: z.array(role, { error: LIST_ADVICE }).max(16, { error: 'give fewer' }).nullable().optional(),
    expires_at: z.string({ error: 'give a time such as 2030-01-31T12:00:00' }).max(64).nullable().optional(),
    unrestricted: z.boolean({ error: 'give true or false' }).nullable().optional(),
    access_rules: z
      .array(accessRule, { error: LIST_ADVICE })
      .max(MOST_RULES, { error: `give at most ${MOST_RULES}` })
      .nullable()
      .optional(),
    project_id: z.never({ error: 'leave it out: it is the project that you are logged in to' }).optional(),
  }),
).meta({ id: 'ApplicationCredentialInput' });

/** @throws BaykeeperError `invalid-input` */
export function readApplicationCredential(body: unknown): NewApplicationCredential {
  const wish = parseBody(applicationCredentialInput, body).application_credential;
  const rules = wish.access_rules ?? [];
  return {
    name: wish.name,
    description: wish.description ?? null,
    secret: wish.secret ?? null,
    roles: wish.roles && wish.roles.length > 0 ? wish.roles.map(({ id, name }) => id ?? name ?? '') : null,
    unrestricted: wish.unrestricted ?? false,
    accessRules: rules.length > 0 ? rules.map(({ service, method, path }) => ({ service, method, path })) : null,
    expiresAt: wish.expires_at === null || wish.expires_at === undefined ? null : timeOf(wish.expires_at),
  };
}

const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?$/;

/** Without a zone it is UTC (Keystone). */
function timeOf(text: string): Date {
  const match = TIME.exec(text);
  const time = match ? Date.parse(text.replace(' ', 'T') + (match[3] === undefined ? 'Z' : '')) : NaN;
  if (Number.isNaN(time)) throw invalidAttribute('expires_at', 'give a time such as 2030-01-31T12:00:00');
  return new Date(time);
}
