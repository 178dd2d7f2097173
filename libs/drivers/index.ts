export * from './contracts/catalogue.js';
export * from './contracts/compute.js';
export * from './contracts/engine.js';
export * from './contracts/load-balancer.js';
export * from './bootstrap/index.js';
export * from './registry.js';
export * from './watch-calls.js';
