/** Keystone v3's body of `POST /auth/tokens`. What we do not know of it is left alone. */
import { z } from 'zod';
import { invalidAttribute, invalidInput, parseBody } from '@baykeeper/services';
import type { Login, Proof, RequestedScope } from '@baykeeper/tenancy';
import { shortText } from './keystone.js';

const OBJECT_ADVICE = 'give an object, as Keystone version 3 describes it';
const object = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape, { error: OBJECT_ADVICE });

const domain = object({ id: shortText.optional(), name: shortText.optional() });
const project = object({ id: shortText.optional(), name: shortText.optional(), domain: domain.nullable().optional() });
const user = object({ id: shortText.optional(), name: shortText.optional(), domain: domain.nullable().optional() });
const METHODS = ['password', 'token', 'application_credential'] as const;
const METHODS_ADVICE = `give one of ${METHODS.map((method) => `["${method}"]`).join(', ')}`;
const SCOPE_ADVICE = 'give a project by its id, or by its name and domain';

export const authSchema = object({
  auth: object({
    identity: object({
      methods: z
        .array(z.enum(METHODS, { error: METHODS_ADVICE }), { error: METHODS_ADVICE })
        .length(1, { error: METHODS_ADVICE }),
      password: object({ user: user.extend({ password: z.string({ error: 'give the password' }) }) }).optional(),
      token: object({
        id: z.string({ error: 'give the token' }).max(1_024, { error: 'give a token of ours' }),
      }).optional(),
      application_credential: object({
        id: shortText.optional(),
        name: shortText.optional(),
        secret: z.string({ error: 'give the secret' }),
        user: user.optional(),
      }).optional(),
    }),
    scope: z
      .union(
        [
          z.literal('unscoped'),
          z.looseObject({
            project: project.optional(),
            domain: domain.optional(),
            system: z.looseObject({ all: z.literal(true) }).optional(),
            unscoped: z.unknown().optional(),
          }),
        ],
        { error: SCOPE_ADVICE },
      )
      .nullable()
      .optional(),
  }),
}).meta({ id: 'AuthInput' });

type Auth = z.output<typeof authSchema>['auth'];

/** @throws BaykeeperError `invalid-input` */
export function readLogin(body: unknown): Login {
  const { identity, scope } = parseBody(authSchema, body).auth;
  return { proof: proofOf(identity), scope: scopeOf(scope) };
}

function proofOf(identity: Auth['identity']): Proof {
  const [method] = identity.methods;
  const { password, token, application_credential: credential } = identity;
  if (method === 'token' && token !== undefined) return { method, token: token.id };
  if (method === 'password' && password !== undefined) {
    const { id, name, domain: userDomain, password: secret } = password.user;
    if (id === undefined && name === undefined) {
      throw invalidAttribute('auth/identity/password/user', 'give the id or the name of a user');
    }
    return { method, userId: id, userName: name, domain: userDomain ?? null, password: secret };
  }
  if (method === 'application_credential' && credential !== undefined) {
    const { id, name, secret, user: owner } = credential;
    if (id === undefined && (name === undefined || (owner?.id === undefined && owner?.name === undefined))) {
      throw invalidAttribute('auth/identity/application_credential', 'give the id, or the name and its user');
    }
    const reference = { userId: owner?.id, userName: owner?.name, domain: owner?.domain ?? null };
    return { method, id, name, secret, ...reference };
  }
  throw invalidAttribute(`auth/identity/${method ?? 'methods'}`, OBJECT_ADVICE);
}

function scopeOf(scope: Auth['scope']): RequestedScope {
  if (scope === null || scope === undefined) return null;
  if (scope === 'unscoped' || scope.unscoped !== undefined) return 'unscoped';
  if (scope.system !== undefined) return 'system';
  const { project: wanted } = scope;
  if (wanted?.id !== undefined) return { projectId: wanted.id };
  if (wanted?.name !== undefined) return { projectName: wanted.name, domain: wanted.domain ?? null };
  if (scope.domain !== undefined) return 'domain';
  throw invalidInput('Only projects can be a scope: give one by its id, or by its name and domain.');
}
