import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What templates, bays and node groups are made of. Beside the text that a client gave stands the row that it meant: the
 * foreign keys keep what is in use from being deleted, whatever happens at the same moment.
 */
export class CreateCatalogue1795399560000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const common = `
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL,
        name text NOT NULL,
        description text,
        public boolean NOT NULL,
        built_in boolean NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3)`;
    await runner.query(`
      CREATE TABLE flavors (${common},
        vcpus integer NOT NULL,
        memory_mib integer NOT NULL,
        disk_gib integer NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE images (${common},
        os_distro text,
        architecture text,
        status text NOT NULL,
        min_disk_gib integer NOT NULL,
        min_memory_mib integer NOT NULL,
        properties jsonb NOT NULL,
        driver_image text NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE networks (${common},
        external boolean NOT NULL,
        mtu integer
      )`);
    await runner.query(`
      CREATE TABLE subnets (
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL,
        network_id uuid NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
        name text NOT NULL,
        cidr text NOT NULL,
        gateway_ip text
      )`);
    await runner.query(`
      CREATE TABLE keypairs (
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL,
        user_id text NOT NULL,
        name text NOT NULL,
        type text NOT NULL,
        public_key text NOT NULL,
        fingerprint text NOT NULL,
        sha256_fingerprint text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        UNIQUE (user_id, name)
      )`);
    await runner.query('CREATE INDEX flavors_name_idx ON flavors (name)');
    await runner.query('CREATE INDEX images_name_idx ON images (name)');
    await runner.query('CREATE INDEX networks_name_idx ON networks (name)');
    await runner.query('CREATE INDEX subnets_name_idx ON subnets (name)');
    await runner.query('CREATE INDEX subnets_network_id_idx ON subnets (network_id)');
    await runner.query('CREATE INDEX keypairs_user_id_sequence_idx ON keypairs (user_id, sequence)');

    // Without indexes: only an administrator's deletion reads by them, and every template that is made would pay.
    await runner.query(`
      ALTER TABLE baymodels
        ADD image_ref uuid REFERENCES images (id),
        ADD flavor_ref uuid REFERENCES flavors (id),
        ADD master_flavor_ref uuid REFERENCES flavors (id),
        ADD external_network_ref uuid REFERENCES networks (id),
        ADD fixed_network_ref uuid REFERENCES networks (id),
        ADD fixed_subnet_ref uuid REFERENCES subnets (id)`);
    await runner.query(`
      ALTER TABLE bays
        ADD fixed_network_ref uuid REFERENCES networks (id),
        ADD fixed_subnet_ref uuid REFERENCES subnets (id),
        ADD ssh_public_key text`);
    await runner.query(`
      ALTER TABLE node_groups
        ADD image_ref uuid REFERENCES images (id),
        ADD flavor_ref uuid REFERENCES flavors (id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE node_groups DROP image_ref, DROP flavor_ref');
    await runner.query('ALTER TABLE bays DROP fixed_network_ref, DROP fixed_subnet_ref, DROP ssh_public_key');
    await runner.query(`
      ALTER TABLE baymodels DROP image_ref, DROP flavor_ref, DROP master_flavor_ref,
        DROP external_network_ref, DROP fixed_network_ref, DROP fixed_subnet_ref`);
    await runner.query('DROP TABLE keypairs, subnets, networks, images, flavors');
  }
}
