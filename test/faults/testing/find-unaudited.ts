import type { Installation } from './installation.js';
import type { Tenant } from './tenant.js';

/** Each wish that was accepted is in the audit, as often as it was; a request whose answer was lost may be in it, too. */
export async function findUnaudited(
  installation: Pick<Installation, 'query'>,
  tenants: readonly Pick<Tenant, 'accepted'>[],
): Promise<readonly string[]> {
  const rows = await installation.query<{ key: string; count: string }>(
    `SELECT target_name || ' ' || action AS key, sum(count) AS count FROM audit_entries
     WHERE outcome = 'success' AND target_name IS NOT NULL GROUP BY 1`,
  );
  const written = new Map(rows.map(({ key, count }) => [key, Number(count)]));
  return tenants.flatMap(({ accepted }) =>
    [...accepted]
      .filter(([key, times]) => (written.get(key) ?? 0) < times)
      .map(([key, times]) => `${key}: ${String(written.get(key) ?? 0)} of ${String(times)} are in the audit`),
  );
}
