import { z } from 'zod';
import type { Principal } from '@baykeeper/tenancy';
import { catalogEntry, catalogOf } from './catalog.js';
import { domainOf, microseconds, named, owned } from './keystone.js';

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
      system: z.strictObject({ all: z.literal(true) }).optional(),
      roles: z.array(named).optional(),
      application_credential: named.extend({ restricted: z.boolean() }).optional(),
      catalog: z.array(catalogEntry).optional(),
    }),
  })
  .meta({ id: 'Token' });

/** Keystone's body of a token. One that is good for nothing has neither roles nor a catalog. */
export function tokenBody(
  principal: Principal,
  baseUrl: string,
  { withCatalog }: { readonly withCatalog: boolean },
): z.output<typeof tokenAnswer> {
  const { userId, userName, projectId, projectName, systemProjectId, roles, applicationCredential } = principal;
  const { auditId, rootAuditId } = principal;
  const isScoped = projectId !== null || systemProjectId !== null;
  return {
    token: {
      methods: [...principal.methods],
      user: { id: userId, name: userName, domain: domainOf(), password_expires_at: null },
      audit_ids: rootAuditId === null ? [auditId] : [auditId, rootAuditId],
      expires_at: microseconds(principal.expiresAt),
      issued_at: microseconds(principal.issuedAt),
      ...(projectId !== null && {
        is_domain: false as const,
        project: { id: projectId, name: projectName ?? '', domain: domainOf() },
      }),
      ...(systemProjectId !== null && { system: { all: true as const } }),
      ...(isScoped && { roles: roles.map((role) => ({ id: role, name: role })) }),
      ...(applicationCredential && {
        application_credential: {
          ...{ id: applicationCredential.id, name: applicationCredential.name },
          restricted: !applicationCredential.unrestricted,
        },
      }),
      ...(isScoped && withCatalog && { catalog: catalogOf(baseUrl) }),
    },
  };
}
