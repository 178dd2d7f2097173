export * from './connection.js';
export * from './redis-watch.js';
export * from './wait-for-redis.js';
export * from './signals.js';
// Its values are imported from `@baykeeper/queue/bay-queue.js`: they need BullMQ, which not every process does.
export type * from './bay-queue.js';
export * from './outbox-relay.js';
export * from './rate-limit.js';
