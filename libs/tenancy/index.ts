export { allowsRequest, problemOfPath } from './access-rule.js';
export type { Account } from './accounts.js';
export type { ApplicationCredential, NewApplicationCredential } from './application-credentials.js';
export type { Grant } from './grants.js';
export { openIdentity, type Identity, type IdentitySettings } from './identity.js';
export type { Login, LoginLimiter, Proof, RequestedScope } from './login.js';
export { ADMIN_PROJECT, DOMAIN, isOurDomain, type Actor, type Principal } from './principal.js';
export type { UserChanges } from './users.js';
export { ROLES, expandRoles, isRole, type Role } from './roles.js';
