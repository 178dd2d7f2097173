import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateAudit1795399440000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_entries (
        sequence bigserial PRIMARY KEY,
        project_id text,
        user_id text,
        user_name text,
        action text NOT NULL,
        outcome text NOT NULL,
        target_kind text,
        target_id text,
        target_name text,
        detail text,
        request_id text,
        address text,
        at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX audit_entries_project_id_sequence_idx ON audit_entries (project_id, sequence)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_entries');
  }
}
