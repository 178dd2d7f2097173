/** Keystone v3's body of `POST /auth/tokens`, as far as passwords go. What we do not know of it is left alone. */
import { z } from 'zod';
import type { Credentials, RequestedScope } from '@baykeeper/tenancy';
import { invalidAttribute, invalidInput, isStorable, parseBody } from '@baykeeper/services';

const TEXT_ADVICE = 'give text of 1 to 255 characters';
const short = z
  .string({ error: TEXT_ADVICE })
  .min(1, { error: TEXT_ADVICE })
  .max(255, { error: TEXT_ADVICE })
  .refine(isStorable, { error: TEXT_ADVICE });
const OBJECT_ADVICE = 'give an object, as Keystone version 3 describes it';
const object = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape, { error: OBJECT_ADVICE });

const domain = object({ id: short.optional(), name: short.optional() });
const project = object({ id: short.optional(), name: short.optional(), domain: domain.nullable().optional() });
const METHODS_ADVICE = 'give ["password"], which is the only method there is';

export const authSchema = object({
  auth: object({
    identity: object({
      methods: z.array(z.string(), { error: METHODS_ADVICE }).min(1, { error: METHODS_ADVICE }),
      password: object({
        user: object({
          id: short.optional(),
          name: short.optional(),
          domain: domain.nullable().optional(),
          password: z.string({ error: 'give the password' }),
        }),
      }),
    }),
    scope: z
      .union(
        [z.literal('unscoped'), z.looseObject({ project: project.optional(), unscoped: z.unknown().optional() })],
        {
          error: 'give a project by its id, or by its name and domain',
        },
      )
      .nullable()
      .optional(),
  }),
}).meta({ id: 'AuthInput' });

type Scope = z.output<typeof authSchema>['auth']['scope'];

/** @throws BaykeeperError `invalid-input` */
export function readCredentials(body: unknown): Credentials {
  const { identity, scope } = parseBody(authSchema, body).auth;
  if (identity.methods.some((method) => method !== 'password')) {
    throw invalidAttribute('auth/identity/methods', METHODS_ADVICE);
  }
  const { id, name, domain: userDomain, password } = identity.password.user;
  if (id === undefined && name === undefined) {
    throw invalidAttribute('auth/identity/password/user', 'give the id or the name of a user');
  }
  return { userId: id, userName: name, domain: userDomain ?? null, password, scope: scopeOf(scope) };
}

function scopeOf(scope: Scope): RequestedScope {
  if (scope === null || scope === undefined) return null;
  if (scope === 'unscoped' || scope.unscoped !== undefined) return 'unscoped';
  const { project: wanted } = scope;
  if (wanted?.id !== undefined) return { projectId: wanted.id };
  if (wanted?.name !== undefined) return { projectName: wanted.name, domain: wanted.domain ?? null };
  throw invalidInput('Only projects can be a scope: give one by its id, or by its name and domain.');
}
