import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexExpiry1795401000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // What expires next is asked every minute, of everything that was ever issued.
    await runner.query(
      'CREATE INDEX certificates_not_after_idx ON certificates (not_after) WHERE revoked_at IS NULL AND node_id IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX certificates_not_after_idx');
  }
}
