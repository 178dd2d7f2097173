import type { Sessions } from '@baykeeper/tenancy';

/** Hands the sessions of browsers to their controller. */
export class SessionService {
  constructor(
    readonly sessions: Sessions,
    /** Of the Keystone that others run, with its version, as clients reach it; null where users are our own. */
    readonly identityUrl: string | null,
  ) {}
}
