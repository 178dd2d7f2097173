export * from './connection.js';
export * from './redis-watch.js';
export * from './wait-for-redis.js';
export * from './signals.js';
export * from './bay-queue.js';
export * from './outbox-relay.js';
export * from './rate-limit.js';
