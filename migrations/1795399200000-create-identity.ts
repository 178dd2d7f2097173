import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateIdentity1795399200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE settings (
        key text PRIMARY KEY,
        value text NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE projects (
        id text PRIMARY KEY,
        name text NOT NULL UNIQUE,
        enabled boolean NOT NULL DEFAULT true,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE users (
        id text PRIMARY KEY,
        name text NOT NULL UNIQUE,
        password_hash text NOT NULL,
        default_project_id text REFERENCES projects (id) ON DELETE SET NULL,
        enabled boolean NOT NULL DEFAULT true,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        failed_logins integer NOT NULL DEFAULT 0,
        locked_until timestamptz(3)
      )`);
    await runner.query(`
      CREATE TABLE role_assignments (
        user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
        role text NOT NULL,
        PRIMARY KEY (user_id, project_id, role)
      )`);
    await runner.query('CREATE INDEX role_assignments_project_id_idx ON role_assignments (project_id)');
    await runner.query(`
      CREATE TABLE tokens (
        token_hash text PRIMARY KEY,
        user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        project_id text REFERENCES projects (id) ON DELETE CASCADE,
        audit_id text NOT NULL,
        issued_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL
      )`);
    await runner.query('CREATE INDEX tokens_user_id_idx ON tokens (user_id)');
    await runner.query('CREATE INDEX tokens_project_id_idx ON tokens (project_id)');
    await runner.query('CREATE INDEX tokens_expires_at_idx ON tokens (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE tokens, role_assignments, users, projects, settings');
  }
}
