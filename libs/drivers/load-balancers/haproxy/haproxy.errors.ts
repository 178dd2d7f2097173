import { BaykeeperError, detailOf } from '@baykeeper/domain';

export function refused(publicMessage: string, detail: string): BaykeeperError {
  return new BaykeeperError({ code: 'provider-refused', publicMessage, detail });
}

export function unavailable(publicMessage: string, cause: unknown): BaykeeperError {
  return new BaykeeperError({ code: 'provider-unavailable', publicMessage, detail: detailOf(cause), cause });
}
