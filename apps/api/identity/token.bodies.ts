import { z } from 'zod';
import { DOMAIN, type Principal } from '@baykeeper/tenancy';

const named = z.strictObject({ id: z.string(), name: z.string() });
const owned = named.extend({ domain: named });

export const tokenAnswer = z
  .strictObject({
    token: z.strictObject({
      methods: z.array(z.string()),
      user: owned.extend({ password_expires_at: z.null() }),
      audit_ids: z.array(z.string()),
      expires_at: z.string(),
      issued_at: z.string(),
      is_domain: z.literal(false).optional(),
      project: owned.optional(),
      roles: z.array(named).optional(),
      catalog: z
        .array(
          z.strictObject({
            id: z.string(),
            type: z.string(),
            name: z.string(),
            endpoints: z.array(
              z.strictObject({
                id: z.string(),
                interface: z.string(),
                region: z.string(),
                region_id: z.string(),
                url: z.string(),
              }),
            ),
          }),
        )
        .optional(),
    }),
  })
  .meta({ id: 'Token' });

const REGION = 'RegionOne';
const INTERFACES = ['public', 'internal', 'admin'] as const;

/** Keystone's body of a token. One that is good for no project has neither roles nor a catalog. */
export function tokenBody(principal: Principal, baseUrl: string): z.output<typeof tokenAnswer> {
  const { userId, userName, projectId, projectName, roles } = principal;
  const domain = { ...DOMAIN };
  return {
    token: {
      methods: ['password'],
      user: { id: userId, name: userName, domain, password_expires_at: null },
      audit_ids: [principal.auditId],
      expires_at: microseconds(principal.expiresAt),
      issued_at: microseconds(principal.issuedAt),
      ...(projectId !== null && {
        is_domain: false as const,
        project: { id: projectId, name: projectName ?? '', domain },
        roles: roles.map((role) => ({ id: role, name: role })),
        catalog: [
          service('container-infra', 'baykeeper', `${baseUrl}/v1`),
          service('identity', 'baykeeper-identity', `${baseUrl}/identity/v3`),
        ],
      }),
    },
  };
}

function service(type: string, name: string, url: string) {
  const endpoints = INTERFACES.map((kind) => ({
    id: `${type}-${kind}`,
    interface: kind,
    region: REGION,
    region_id: REGION,
    url,
  }));
  return { id: type, type, name, endpoints };
}

/** Keystone writes times with six digits; some clients read nothing else. */
function microseconds(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
