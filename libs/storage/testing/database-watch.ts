/** Tells whether anything was written: for tests of requests that must change nothing. */
import { Client } from 'pg';

export interface DatabaseWatch {
  /** Differs from an earlier one when a row of any table was added, changed or removed since. */
  state(): Promise<string>;
  close(): Promise<void>;
}

/** @param leaveOut tables that a refused request may write to, or `table.column` */
export async function watchDatabase(url: string, leaveOut: readonly string[] = []): Promise<DatabaseWatch> {
  const client = new Client({ connectionString: url });
  await client.connect();
  let known: { readonly transactions: string; readonly checksum: string } | null = null;

  return {
    async state() {
      // As long as no transaction got a number, none wrote: reading all the tables is left for when one did.
      const transactions = await countOfTransactions(client);
      if (known?.transactions !== transactions) known = { transactions, checksum: await checksum(client, leaveOut) };
      return known.checksum;
    },
    close: () => client.end(),
  };
}

async function countOfTransactions(client: Client): Promise<string> {
  const { rows } = await client.query<{ next: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next');
  return rows[0]?.next ?? '';
}

async function checksum(client: Client, leaveOut: readonly string[]): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`,
  );
  const sums = rows
    .filter(({ name }) => !leaveOut.includes(name))
    .map(({ name }) => {
      const columns = leaveOut
        .filter((entry) => entry.startsWith(`${name}.`))
        .map((entry) => entry.split('.')[1] ?? '');
      const without = columns.map((column) => ` - ${client.escapeLiteral(column)}`).join('');
      const table = client.escapeIdentifier(name);
      return `SELECT md5(coalesce(string_agg(r, E'\\n' ORDER BY r), '')) AS sum
              FROM (SELECT (to_jsonb(t)${without})::text AS r FROM ${table} t) AS rows`;
    });
  const found = await client.query<{ sum: string }>(sums.join(' UNION ALL '));
  return found.rows.map(({ sum }) => sum).join(' ');
}
