/** Projects, users, roles and application credentials as Keystone v3 writes and reads them. */
import { z } from 'zod';
import type { ProjectRecord, RoleAssignment } from '@baykeeper/storage';
import { DOMAIN, type Account, type ApplicationCredential } from '@baykeeper/tenancy';
import { domainOf, link, longText, microseconds, named, ourDomain, shortText, wrapped } from './keystone.js';

const url = (baseUrl: string, path: string) => ({ self: `${baseUrl}/identity/v3/${path}` });

// What a client may send with every project or user and what says nothing here.
const emptyOptions = z.looseObject({}, { error: 'give an object' }).optional();
const flag = z.boolean({ error: 'give true or false' });
const NO_TAGS = 'leave tags out: projects have none here';

const projectFields = {
  name: shortText,
  description: longText.nullable().optional(),
  enabled: flag.optional(),
  domain_id: ourDomain.nullable().optional(),
  parent_id: ourDomain.nullable().optional(),
  is_domain: z.literal(false, { error: 'give false: there is one domain' }).optional(),
  tags: z.array(z.never({ error: NO_TAGS }), { error: NO_TAGS }).optional(),
  options: emptyOptions,
};
export const projectInput = wrapped('project', z.strictObject(projectFields)).meta({ id: 'ProjectInput' });
export const projectChanges = wrapped('project', z.strictObject({ ...projectFields, name: shortText.optional() })).meta(
  { id: 'ProjectChanges' },
);

export const projectAnswer = z
  .strictObject({
    ...{ id: z.string(), name: z.string(), description: z.string(), enabled: z.boolean() },
    ...{ domain_id: z.string(), parent_id: z.string(), is_domain: z.literal(false) },
    ...{ tags: z.array(z.string()), options: z.strictObject({}), links: link },
  })
  .meta({ id: 'Project' });

export function projectBody(project: ProjectRecord, baseUrl: string): z.output<typeof projectAnswer> {
  const { id, name, description, enabled } = project;
  return {
    ...{ id, name, description, enabled, domain_id: DOMAIN.id, parent_id: DOMAIN.id, is_domain: false },
    ...{ tags: [], options: {}, links: url(baseUrl, `projects/${id}`) },
  };
}

const userFields = {
  name: shortText,
  password: z.string({ error: 'give text' }).nullable().optional(),
  enabled: flag.optional(),
  description: longText.nullable().optional(),
  email: shortText.nullable().optional(),
  default_project_id: shortText.nullable().optional(),
  domain_id: ourDomain.nullable().optional(),
  options: emptyOptions,
};
export const userInput = wrapped('user', z.strictObject(userFields)).meta({ id: 'UserInput' });
export const userChanges = wrapped('user', z.strictObject({ ...userFields, name: shortText.optional() })).meta({
  id: 'UserChanges',
});
const GIVE_PASSWORD = 'give the password as text';
export const passwordInput = wrapped(
  'user',
  z.strictObject({
    password: z.string({ error: GIVE_PASSWORD }),
    original_password: z.string({ error: GIVE_PASSWORD }).max(4_096, { error: GIVE_PASSWORD }),
  }),
).meta({ id: 'PasswordInput' });

export const userAnswer = z
  .strictObject({
    ...{ id: z.string(), name: z.string(), enabled: z.boolean(), domain_id: z.string() },
    ...{ default_project_id: z.string().nullable(), description: z.string().nullable(), email: z.string().nullable() },
    ...{ password_expires_at: z.null(), options: z.strictObject({}), links: link },
  })
  .meta({ id: 'User' });

export function userBody(user: Account, baseUrl: string): z.output<typeof userAnswer> {
  const { id, name, enabled, description, email, defaultProjectId } = user;
  return {
    ...{ id, name, enabled, domain_id: DOMAIN.id, default_project_id: defaultProjectId, description, email },
    ...{ password_expires_at: null, options: {}, links: url(baseUrl, `users/${id}`) },
  };
}

const ROLE_WORDS: Readonly<Record<string, string>> = {
  admin: 'Runs the project: what a member does, and who else may',
  member: 'Makes, changes and removes bays of the project',
  reader: 'Looks at what the project has',
};

export const roleAnswer = z
  .strictObject({
    ...{ id: z.string(), name: z.string(), domain_id: z.null(), description: z.string() },
    ...{ options: z.strictObject({}), links: link },
  })
  .meta({ id: 'Role' });

export function roleBody(role: string, baseUrl: string): z.output<typeof roleAnswer> {
  return {
    ...{ id: role, name: role, domain_id: null, description: ROLE_WORDS[role] ?? '' },
    ...{ options: {}, links: url(baseUrl, `roles/${role}`) },
  };
}

const reference = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  domain: named.optional(),
});
export const assignmentAnswer = z
  .strictObject({
    role: reference,
    user: reference,
    scope: z.union([
      z.strictObject({ project: reference }),
      z.strictObject({ system: z.strictObject({ all: z.literal(true) }) }),
    ]),
    links: z.strictObject({ assignment: z.string() }),
  })
  .meta({ id: 'RoleAssignment' });

export function assignmentBody(
  { userId, userName, projectId, projectName, role }: RoleAssignment,
  baseUrl: string,
  { withNames, forSystem }: { readonly withNames: boolean; readonly forSystem: boolean },
): z.output<typeof assignmentAnswer> {
  const path = forSystem
    ? `system/users/${userId}/roles/${role}`
    : `projects/${projectId}/users/${userId}/roles/${role}`;
  const project = { id: projectId, ...(withNames && { name: projectName, domain: domainOf() }) };
  return {
    role: { id: role, ...(withNames && { name: role }) },
    user: { id: userId, ...(withNames && { name: userName, domain: domainOf() }) },
    scope: forSystem ? { system: { all: true } } : { project },
    links: { assignment: url(baseUrl, path).self },
  };
}

export const accessRuleAnswer = z
  .strictObject({ id: z.string(), service: z.string(), method: z.string(), path: z.string(), links: link.optional() })
  .meta({ id: 'AccessRule' });

const applicationCredential = z.strictObject({
  ...{ id: z.string(), name: z.string(), description: z.string().nullable(), user_id: z.string() },
  ...{ project_id: z.string(), roles: z.array(named.extend({ domain_id: z.null() })) },
  ...{ unrestricted: z.boolean(), expires_at: z.string().nullable(), links: link },
  access_rules: z.array(accessRuleAnswer).optional(),
});
export const applicationCredentialAnswer = applicationCredential.meta({ id: 'ApplicationCredential' });
export const newApplicationCredentialAnswer = applicationCredential
  .extend({ secret: z.string() })
  .meta({ id: 'NewApplicationCredential' });

export function applicationCredentialBody(
  credential: ApplicationCredential,
  baseUrl: string,
): z.output<typeof applicationCredentialAnswer> {
  const { id, userId, projectId, name, description, roles, unrestricted, accessRules, expiresAt } = credential;
  return {
    ...{ id, name, description, user_id: userId, project_id: projectId, unrestricted },
    roles: roles.map((role) => ({ id: role, name: role, domain_id: null })),
    // Without the letter of the zone: it is UTC.
    expires_at: expiresAt && microseconds(expiresAt).replace('Z', ''),
    ...(accessRules && {
      access_rules: accessRules.map(({ id: ruleId, service, method, path }) => ({ id: ruleId, service, method, path })),
    }),
    links: url(baseUrl, `users/${userId}/application_credentials/${id}`),
  };
}
