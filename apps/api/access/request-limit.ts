/**
 * How many requests a token may send to this process: a bucket of so many, filled steadily. Kept in this process, because
 * asking elsewhere would cost each request more than most requests cost; several processes let several times as many through.
 */
const MOST_KEPT = 10_000;

/**
 * @param perSecond 0 for no limit
 * @returns seconds to wait, whole and at least one; 0 when it may go on
 */
export function openRequestLimit(perSecond: number, now: () => number = Date.now): (token: string) => number {
  const buckets = new Map<string, { left: number; at: number }>();
  return (token) => {
    if (perSecond === 0) return 0;
    const time = now();
    const bucket = buckets.get(token) ?? { left: perSecond, at: time };
    bucket.left = Math.min(perSecond, bucket.left + ((time - bucket.at) / 1_000) * perSecond);
    bucket.at = time;
    // To the end: the first one is the one that was used longest ago.
    buckets.delete(token);
    buckets.set(token, bucket);
    for (const oldest of buckets.keys()) {
      if (buckets.size <= MOST_KEPT) break;
      buckets.delete(oldest);
    }
    if (bucket.left < 1) return 1;
    bucket.left -= 1;
    return 0;
  };
}
