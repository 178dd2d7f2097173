import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexOpenOperations1795401120000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX operations_open_idx ON operations (bay_id) WHERE finished_at IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX operations_open_idx');
  }
}
