import type { Logger } from 'typeorm';

/**
 * The mapper says nothing by itself: what goes wrong is thrown, and its own log would show the values of queries, which
 * may be secrets.
 */
export class SilentLogger implements Logger {
  logQuery(): void {
    return;
  }
  logQueryError(): void {
    return;
  }
  logQuerySlow(): void {
    return;
  }
  logSchemaBuild(): void {
    return;
  }
  logMigration(): void {
    return;
  }
  log(): void {
    return;
  }
}
