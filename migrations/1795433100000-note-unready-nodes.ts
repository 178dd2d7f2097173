import type { MigrationInterface, QueryRunner } from 'typeorm';

export class NoteUnreadyNodes1795433100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE nodes ADD COLUMN unready_since timestamptz(3)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE nodes DROP COLUMN unready_since');
  }
}
