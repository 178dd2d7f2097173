export type { Account, Administrator } from './accounts.js';
export type { Credentials, IssuedToken, RequestedScope } from './authenticate.js';
export { openIdentity, type Identity, type IdentitySettings } from './identity.js';
export type { PasswordCost } from './password.js';
export { DOMAIN, type DomainReference, type Principal } from './principal.js';
export { ROLES, expandRoles, isRole, type Role } from './roles.js';
