import type { LoggerService } from '@nestjs/common';
import type { Log } from '@baykeeper/domain';

/** Nest's own lines in our log. What it says while it starts is of interest to nobody but its developers. */
export class NestLog implements LoggerService {
  constructor(private readonly target: Log) {}

  log(message: unknown): void {
    this.target.debug({ nest: String(message) }, 'starting the application');
  }
  debug(message: unknown): void {
    this.log(message);
  }
  verbose(message: unknown): void {
    this.log(message);
  }
  warn(message: unknown): void {
    this.target.warn({ nest: String(message) }, 'the application warns');
  }
  error(message: unknown): void {
    this.target.error({ err: message }, 'the application failed');
  }
  fatal(message: unknown): void {
    this.error(message);
  }
}
