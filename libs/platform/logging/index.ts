export { createLogger, type LoggerSettings } from './create-logger.js';
export { redact, redactText, SECRET_KEYS } from './redact.js';
export { chooseRequestId, currentRequestId, withRequestId } from './request-id.js';
export type { Logger } from 'pino';
