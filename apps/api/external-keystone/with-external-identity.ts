/** What the access check says where tokens come from another Keystone. */
import { BaykeeperError } from '@baykeeper/domain';
import type { AccessCheck } from '../access/access-check.js';

/**
 * Our own identity service is not there, and says so; who comes without a token is sent to the other one.
 * @param identityUrl of that Keystone, with its version, as clients reach it
 */
export function withExternalIdentity(check: AccessCheck, identityUrl: string): AccessCheck {
  return async (rule, request, isAgain) => {
    if (rule.startsWith('identity:')) {
      throw new BaykeeperError({
        code: 'not-found',
        publicMessage: `There is no identity service here: this installation works with the Keystone at ${identityUrl}.`,
      });
    }
    try {
      return await check(rule, request, isAgain);
    } catch (error) {
      if (!(error instanceof BaykeeperError) || error.code !== 'unauthenticated') throw error;
      throw new BaykeeperError({
        code: 'unauthenticated',
        publicMessage: `The request you have made requires authentication: get a token from ${identityUrl}/auth/tokens.`,
      });
    }
  };
}
