import { pino, type DestinationStream, type Logger, type LevelWithSilent } from 'pino';
import { redact, redactText } from './redact.js';
import { currentRequestId } from './request-id.js';

export interface LoggerSettings {
  /** Which process writes: `server`, `api`, `worker`, … */
  readonly name: string;
  readonly level: LevelWithSilent;
  /** Standard output unless given. */
  readonly destination?: DestinationStream;
}

/**
 * A pino logger that writes one JSON object a line: `level` as a word, `time` as ISO 8601, `name`, `pid`, `msg`, the
 * facts, and `request_id` within a request. A pino logger is also a `Log` of the domain. Redaction happens on the
 * finished line, so it covers child loggers, messages and error texts alike; a line costs microseconds more for it.
 */
export function createLogger({ name, level, destination }: LoggerSettings): Logger {
  return pino(
    {
      level,
      base: { name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const id = currentRequestId();
        return id === undefined ? {} : { request_id: id };
      },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err, cause: pino.stdSerializers.err },
      hooks: { streamWrite: redactLine },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

function redactLine(line: string): string {
  try {
    return `${JSON.stringify(redact(JSON.parse(line)))}\n`;
  } catch {
    return redactText(line);
  }
}
