import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The transaction that wrote an event. Numbers are drawn in another order than transactions end, so a reader of a whole
 * project's events asks for those of transactions that have ended, in the order of the transactions' numbers: none comes
 * later before one that was read. What was there before counts as of one transaction, the oldest.
 */
export class OrderProjectEvents1795441000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE bay_events ADD COLUMN transaction_id bigint NOT NULL DEFAULT 0');
    await runner.query(
      'ALTER TABLE bay_events ALTER COLUMN transaction_id SET DEFAULT ((pg_current_xact_id())::text)::bigint',
    );
    await runner.query(
      'CREATE INDEX bay_events_project_order_idx ON bay_events (project_id, transaction_id, sequence)',
    );
    await runner.query('DROP INDEX bay_events_project_id_sequence_idx');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX bay_events_project_id_sequence_idx ON bay_events (project_id, sequence)');
    await runner.query('DROP INDEX bay_events_project_order_idx');
    await runner.query('ALTER TABLE bay_events DROP COLUMN transaction_id');
  }
}
