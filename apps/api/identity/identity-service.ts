import type { Identity } from '@baykeeper/tenancy';

/** Hands the identity library to the controllers. */
export class IdentityService {
  constructor(readonly identity: Identity) {}
}
