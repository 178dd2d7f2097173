import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ExtendNodeGroups1795399740000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE node_groups
        ADD COLUMN role_name text,
        ADD COLUMN docker_volume_size integer,
        ADD COLUMN node_labels jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN node_taints jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN deletion_requested_at timestamptz(3)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE node_groups DROP COLUMN role_name, DROP COLUMN docker_volume_size, DROP COLUMN node_labels, DROP COLUMN node_taints,
        DROP COLUMN deletion_requested_at`);
  }
}
