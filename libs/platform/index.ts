export * from './config/index.js';
export * from './logging/index.js';
export * from './embedded/index.js';
export { checkReadiness, type Readiness, type ReadinessCheck } from './health/readiness.js';
