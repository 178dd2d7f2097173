/** Roles, the strongest first; each implies those after it, as Keystone's default roles do. */
export const ROLES = ['admin', 'member', 'reader'] as const;
export type Role = (typeof ROLES)[number];

export function isRole(text: string): text is Role {
  return ROLES.some((role) => role === text);
}

/** All roles that somebody with the assigned ones has, the strongest first. Unknown ones give nothing. */
export function expandRoles(assigned: readonly string[]): readonly Role[] {
  const strongest = ROLES.findIndex((role) => assigned.includes(role));
  return strongest === -1 ? [] : ROLES.slice(strongest);
}

/** The assigned roles that give `role`: itself and the stronger ones. */
export function rolesThatGive(role: Role): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(role) + 1);
}

/**
 * The roles of an application credential, implied ones included; none when its user has lost one of them: then it is over.
 * @param assigned what its user has
 */
export function rolesOfCredential(assigned: readonly string[], credentials: readonly string[]): readonly Role[] {
  const held: readonly string[] = expandRoles(assigned);
  return credentials.every((role) => held.includes(role)) ? expandRoles(credentials) : [];
}
