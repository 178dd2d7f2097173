import type { ProjectId } from '@baykeeper/domain';

/**
 * Baykeeper itself: sees every project's rows. Only the reconciler, the sweeps and nodes' own calls use it; a request
 * of a tenant never does.
 */
export const SYSTEM: unique symbol = Symbol('system');

/**
 * Whose rows a call may see and touch. A row of another project behaves in every way like one that does not exist.
 */
export type Scope = { readonly projectId: ProjectId } | typeof SYSTEM;
