export * from './plan.js';
export * from './facts.js';
export { planBay } from './plan-bay.js';
export { deriveBayFacts } from './derive-facts.js';
