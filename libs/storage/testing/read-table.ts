/** All rows of a table, as the database has them: for what no store reads back. */
import { Client } from 'pg';

export async function readTable(
  url: string,
  table: string,
  orderBy: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const names = [table, orderBy].map((name) => client.escapeIdentifier(name));
    const { rows } = await client.query<Record<string, unknown>>(
      `SELECT * FROM ${names[0] ?? ''} ORDER BY ${names[1] ?? ''}`,
    );
    return rows;
  } finally {
    await client.end();
  }
}
