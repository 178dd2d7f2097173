import type { RateLimiter } from '@baykeeper/queue';
import type { LoginLimiter } from '@baykeeper/tenancy';

/** @param perMinute 0 for no limit */
export function openLoginLimiter(
  rates: RateLimiter,
  perMinute: { readonly address: number; readonly user: number },
): LoginLimiter {
  return {
    take(kind, key) {
      const allowed = perMinute[kind];
      if (allowed === 0) return Promise.resolve(0);
      return rates.take(`login:${kind}:${key}`, { perMinute: allowed, burst: Math.ceil(allowed / 4) });
    },
  };
}
