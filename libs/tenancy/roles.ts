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
