import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateQuotas1795399620000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE quotas (
        id serial PRIMARY KEY,
        project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
        resource text NOT NULL,
        hard_limit integer NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3),
        UNIQUE (project_id, resource)
      )`);
    await runner.query(`
      CREATE TABLE processes (
        id serial PRIMARY KEY,
        host text NOT NULL,
        kind text NOT NULL,
        slot integer NOT NULL,
        version text NOT NULL,
        report_count integer NOT NULL,
        started_at timestamptz(3) NOT NULL,
        last_seen_at timestamptz(3),
        stopped_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        UNIQUE (host, kind, slot)
      )`);
    await runner.query('CREATE INDEX node_groups_project_id_idx ON node_groups (project_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX node_groups_project_id_idx');
    await runner.query('DROP TABLE processes, quotas');
  }
}
