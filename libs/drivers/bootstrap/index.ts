export * from './environment-file.js';
export * from './templates.js';
export * from './boot-files.js';
export * from './user-data.js';
