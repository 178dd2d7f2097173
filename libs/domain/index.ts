export * from './ids.js';
export * from './errors.js';
export * from './baymodel.js';
export * from './bay.js';
export * from './node.js';
export * from './load-balancer.js';
export * from './event.js';
export * from './planning/index.js';
