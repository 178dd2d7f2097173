/** What was written down about one thing, for tests of who did what. */
import { Client } from 'pg';

export async function readAudit(url: string, targetId: string): Promise<readonly object[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<object>(
      'SELECT action, user_id, target_kind, target_name, detail FROM audit_entries WHERE target_id = $1 ORDER BY sequence',
      [targetId],
    );
    return rows;
  } finally {
    await client.end();
  }
}
