export * from './environment-file.js';
export * from './templates.js';
export * from './boot-files.js';
export { readTrustedAuthorities } from './trusted-authorities.js';
export * from './user-data.js';
