import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of a large bay only its masters are asked for again and again: of ten thousand nodes one, three or five. */
export class IndexMasters1795443000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("CREATE INDEX nodes_masters_idx ON nodes (bay_id, sequence) WHERE role = 'master'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX nodes_masters_idx');
  }
}
