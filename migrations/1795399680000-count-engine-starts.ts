import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CountEngineStarts1795399680000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE node_credentials ADD COLUMN engine_started_at timestamptz(3)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE node_credentials DROP COLUMN engine_started_at');
  }
}
