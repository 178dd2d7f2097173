import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FoldAuditEntries1795400400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE audit_entries
        ADD COLUMN status integer,
        ADD COLUMN count integer NOT NULL DEFAULT 1`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_entries DROP COLUMN status, DROP COLUMN count');
  }
}
