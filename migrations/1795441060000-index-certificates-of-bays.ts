import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A bay's certificates by their end, a page at a time. */
export class IndexCertificatesOfBays1795441060000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX certificates_bay_id_not_after_idx ON certificates (bay_id, not_after, serial)
       WHERE revoked_at IS NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX certificates_bay_id_not_after_idx');
  }
}
