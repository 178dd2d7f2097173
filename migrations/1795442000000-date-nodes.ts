import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each node's row says which transaction wrote it last, and each bay how many of its nodes were removed: what changed since a
 * moment is found by an index, however many nodes there are. By triggers, so that what processes of the version before this one
 * write is dated, too.
 */
export class DateNodes1795442000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE nodes ADD COLUMN revision bigint NOT NULL DEFAULT 0');
    await runner.query('ALTER TABLE bays ADD COLUMN nodes_removed bigint NOT NULL DEFAULT 0');
    await runner.query('CREATE INDEX nodes_bay_id_revision_idx ON nodes (bay_id, revision)');
    await runner.query(`
      CREATE FUNCTION date_node() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.revision := pg_current_xact_id()::text::bigint;
        RETURN NEW;
      END $$`);
    await runner.query(
      'CREATE TRIGGER date_node BEFORE INSERT OR UPDATE ON nodes FOR EACH ROW EXECUTE FUNCTION date_node()',
    );
    await runner.query(`
      CREATE FUNCTION count_removed_nodes() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE bays SET nodes_removed = nodes_removed + gone.count
        FROM (SELECT bay_id, count(*) AS count FROM removed GROUP BY bay_id) AS gone WHERE bays.id = gone.bay_id;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER count_removed_nodes AFTER DELETE ON nodes REFERENCING OLD TABLE AS removed FOR EACH STATEMENT
      EXECUTE FUNCTION count_removed_nodes()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER count_removed_nodes ON nodes');
    await runner.query('DROP TRIGGER date_node ON nodes');
    await runner.query('DROP FUNCTION count_removed_nodes()');
    await runner.query('DROP FUNCTION date_node()');
    await runner.query('DROP INDEX nodes_bay_id_revision_idx');
    await runner.query('ALTER TABLE bays DROP COLUMN nodes_removed');
    await runner.query('ALTER TABLE nodes DROP COLUMN revision');
  }
}
