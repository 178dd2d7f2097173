export * from './validation/refuse.js';
export * from './validation/parse.js';
