import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A load balancer's members as rows: what changes is written, not all of them. The document `load_balancers.members` stays
 * for processes of the version before this one, which read and write it: what they write becomes rows, and while one of them
 * runs rows become the document, too. Nobody else pays for that.
 */
export class KeepMembersInRows1795433160000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE load_balancer_members (
        load_balancer_id uuid NOT NULL REFERENCES load_balancers (id) ON DELETE CASCADE,
        listener text NOT NULL,
        node_id uuid NOT NULL,
        name text NOT NULL,
        address text NOT NULL,
        port integer NOT NULL,
        confirmed boolean NOT NULL,
        PRIMARY KEY (load_balancer_id, listener, node_id)
      ) WITH (fillfactor = 70)`);
    await runner.query('ALTER TABLE load_balancers ADD COLUMN members_version bigint NOT NULL DEFAULT 0');
    // Those that are as old as the process itself were written by one that knows the rows.
    await runner.query('ALTER TABLE processes ADD COLUMN member_rows_since timestamptz(3)');
    await runner.query(`
      INSERT INTO load_balancer_members (load_balancer_id, listener, node_id, name, address, port, confirmed)
      SELECT balancer.id, listener.name, (member->>'nodeId')::uuid, member->>'name', member->>'address',
        (member->>'port')::integer, true
      FROM load_balancers AS balancer, jsonb_each(balancer.members) AS listener (name, list),
        jsonb_array_elements(listener.list) AS member`);

    await runner.query(`
      CREATE FUNCTION members_from_document() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM load_balancer_members WHERE load_balancer_id = NEW.id;
        INSERT INTO load_balancer_members (load_balancer_id, listener, node_id, name, address, port, confirmed)
        SELECT NEW.id, listener.name, (member->>'nodeId')::uuid, member->>'name', member->>'address',
          (member->>'port')::integer, true
        FROM jsonb_each(NEW.members) AS listener (name, list), jsonb_array_elements(listener.list) AS member;
        UPDATE load_balancers SET members_version = members_version + 1 WHERE id = NEW.id;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER members_from_document AFTER UPDATE OF members ON load_balancers FOR EACH ROW
      WHEN (pg_trigger_depth() = 0 AND OLD.members IS DISTINCT FROM NEW.members)
      EXECUTE FUNCTION members_from_document()`);

    await runner.query(`
      CREATE FUNCTION document_of_members(of uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
        SELECT coalesce(jsonb_object_agg(listener, list), '{}') FROM (
          SELECT listener, jsonb_agg(jsonb_build_object('nodeId', node_id, 'name', name, 'address', address, 'port', port)
            ORDER BY name) AS list
          FROM load_balancer_members WHERE load_balancer_id = of GROUP BY listener) AS lists
      $$`);
    await runner.query(`
      CREATE FUNCTION document_from_members() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM processes WHERE kind = 'worker' AND stopped_at IS NULL
            AND greatest(last_seen_at, started_at) > now() - interval '3 minutes'
            AND member_rows_since IS DISTINCT FROM started_at) THEN
          UPDATE load_balancers SET members = document_of_members(NEW.id) WHERE id = NEW.id;
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER document_from_members AFTER UPDATE OF members_version ON load_balancers FOR EACH ROW
      WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION document_from_members()`);

    await runner.query(`
      CREATE FUNCTION documents_for_older_process() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE load_balancers SET members = document_of_members(id) WHERE members <> document_of_members(id);
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER documents_for_older_process AFTER INSERT OR UPDATE OF started_at ON processes FOR EACH ROW
      WHEN (NEW.kind = 'worker' AND NEW.member_rows_since IS DISTINCT FROM NEW.started_at)
      EXECUTE FUNCTION documents_for_older_process()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('UPDATE load_balancers SET members = document_of_members(id)');
    await runner.query('DROP TRIGGER documents_for_older_process ON processes');
    await runner.query('DROP TRIGGER document_from_members ON load_balancers');
    await runner.query('DROP TRIGGER members_from_document ON load_balancers');
    for (const name of ['documents_for_older_process()', 'document_from_members()', 'document_of_members(uuid)'])
      await runner.query(`DROP FUNCTION ${name}`);
    await runner.query('DROP FUNCTION members_from_document()');
    await runner.query('ALTER TABLE processes DROP COLUMN member_rows_since');
    await runner.query('ALTER TABLE load_balancers DROP COLUMN members_version');
    await runner.query('DROP TABLE load_balancer_members');
  }
}
