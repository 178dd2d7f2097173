export * from './plan.js';
export * from './facts.js';
export { deriveNodeHealth, isOff, type NodeHealth } from './node-health.js';
export { planBay } from './plan-bay.js';
export { deriveBayFacts } from './derive-facts.js';
export { withRoster } from './roster.js';
