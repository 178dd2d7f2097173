export * from './environment.js';
export * from './read-configuration.js';
export { SETTINGS, SETTING_KEYS, type Setting, type SettingKey } from './settings.js';
export { renderConfigurationReference } from './render-reference.js';
