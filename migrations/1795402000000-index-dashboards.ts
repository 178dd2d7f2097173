import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexDashboards1795402000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX bay_events_project_id_sequence_idx ON bay_events (project_id, sequence)');
    await runner.query(
      `CREATE INDEX certificates_client_not_after_idx ON certificates (project_id, not_after)
       WHERE revoked_at IS NULL AND kind = 'client'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX certificates_client_not_after_idx');
    await runner.query('DROP INDEX bay_events_project_id_sequence_idx');
  }
}
