import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A bay's pods stay in the network that it was made with, whatever becomes of its baymodel. */
export class KeepNetworkDrivers1795446000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE bays ADD COLUMN network_driver text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE bays DROP COLUMN network_driver');
  }
}
